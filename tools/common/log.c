// SPDX-License-Identifier: MIT
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "tools/common/address.h"
#include "tools/common/clock.h"
#include "tools/common/log.h"

#define LOG_LINE_MAX	1024
#define LOG_PATIENCE	2000	/* msecs that log_line() waits for standard error */

static _Atomic unsigned long log_lost;	/* lines */

/* Can standard error take a line? Its reader, a terminal or a container, may have stopped; that
 * must stop neither the threads that serve nor the one that ends the program. */
static bool log_ready(int patience)
{
	struct pollfd poller = { .fd = STDERR_FILENO, .events = POLLOUT };

	/* Wait only for the first line that is lost. */
	if (poll(&poller, 1, atomic_load(&log_lost) ? 0 : patience))
		return true;
	atomic_fetch_add(&log_lost, 1);
	return false;
}

/* Write how many lines were lost, before the first that is written again. */
static size_t log_write_lost(char *line, size_t room)
{
	unsigned long lost = atomic_exchange(&log_lost, 0);

	if (!lost)
		return 0;
	return (size_t)snprintf(line, room,
				"tlsring: standard error was not read: %lu lines are lost\n", lost);
}

static void log_write(int patience, const char *prefix, const char *format, va_list args)
{
	char line[LOG_LINE_MAX];
	size_t len;

	if (!log_ready(patience))
		return;
	len = log_write_lost(line, sizeof(line));
	len += (size_t)snprintf(line + len, sizeof(line) - len, "%s", prefix);
	if (vsnprintf(line + len, sizeof(line) - len - 1, format, args) > 0)
		len += strlen(line + len);
	line[len++] = '\n';
	/* A failure cannot be reported: standard error is what failed. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

void log_line(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_write(LOG_PATIENCE, "tlsring: ", format, args);
	va_end(args);
}

void log_peer(const struct sockaddr_storage *peer, const char *format, ...)
{
	char prefix[CLOCK_ISO + ADDRESS_TEXT + 4], date[CLOCK_ISO] = "", address[ADDRESS_TEXT];
	va_list args;

	/* The journal writes the time itself. */
	if (!getenv("JOURNAL_STREAM"))
		clock_iso(time(NULL), date);
	snprintf(prefix, sizeof(prefix), "%s%s%s: ", date, *date ? " " : "",
		 address_text(peer, address));
	va_start(args, format);
	log_write(0, prefix, format, args);
	va_end(args);
}

const char *log_quote(char *buf, size_t room, const char *data, size_t len)
{
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];
		bool plain = c > ' ' && c < 0x7f && c != '\\';

		if (used + (plain ? 1 : 4) + 4 > room) {
			used += (size_t)sprintf(buf + used, "...");
			break;
		}
		if (plain)
			buf[used++] = (char)c;
		else
			used += (size_t)sprintf(buf + used, "\\x%02x", c);
	}
	buf[used] = '\0';
	return buf;
}
