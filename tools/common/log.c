// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "tools/common/log.h"

#define LOG_LINE_MAX	1024
#define LOG_PATIENCE	2000	/* msecs that standard error may take to take a line of our own */

static _Atomic unsigned long log_lost;	/* lines */

/* A reader that has stopped, as a terminal's or a container's may, must not stop us: what strangers do is
 * told by the threads that serve, and the end by the one that is to end. */
static bool log_ready(int patience)
{
	struct pollfd poller = { .fd = STDERR_FILENO, .events = POLLOUT };

	/* Once is enough to wait. */
	if (poll(&poller, 1, atomic_load(&log_lost) ? 0 : patience))
		return true;
	atomic_fetch_add(&log_lost, 1);
	return false;
}

/* Before the first line that is taken again. */
static size_t log_write_lost(char *line, size_t room)
{
	unsigned long lost = atomic_exchange(&log_lost, 0);

	if (!lost)
		return 0;
	return (size_t)snprintf(line, room, "tlsring: standard error was not read: %lu lines are lost\n", lost);
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
	/* Nowhere is left to complain when standard error is gone. */
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

static void log_time(char *buf, size_t room)
{
	time_t now = time(NULL);
	struct tm tm;

	buf[0] = '\0';
	if (!getenv("JOURNAL_STREAM") && gmtime_r(&now, &tm))
		strftime(buf, room, "%Y-%m-%dT%H:%M:%SZ ", &tm);
}

void log_peer(const struct sockaddr_storage *peer, const char *format, ...)
{
	char prefix[32 + LOG_ADDRESS], address[LOG_ADDRESS];
	va_list args;

	log_time(prefix, sizeof(prefix));
	strcat(strcat(prefix, log_address(peer, address)), ": ");
	va_start(args, format);
	log_write(0, prefix, format, args);
	va_end(args);
}

static const char *log_address6(const struct sockaddr_in6 *v6, char *buf)
{
	bool mapped = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
	char host[INET6_ADDRSTRLEN] = "";

	if (mapped)
		inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], host, sizeof(host));
	else
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
	snprintf(buf, LOG_ADDRESS, mapped ? "%s:%u" : "[%s]:%u", host, ntohs(v6->sin6_port));
	return buf;
}

const char *log_address(const struct sockaddr_storage *address, char buf[LOG_ADDRESS])
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	char host[INET_ADDRSTRLEN] = "";

	if (address->ss_family == AF_INET6)
		return log_address6((const struct sockaddr_in6 *)address, buf);
	if (address->ss_family != AF_INET)
		return strcpy(buf, "(unknown peer)");
	inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
	snprintf(buf, LOG_ADDRESS, "%s:%u", host, ntohs(v4->sin_port));
	return buf;
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
