/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_COMMON_LOG_H
#define TOOLS_COMMON_LOG_H

#include <stddef.h>
#include <sys/socket.h>

/* One line on standard error, in one write; any thread. Blocks for two seconds at most: what was not taken
 * is counted, and told when something is taken again. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same about a peer, with the time unless the journal adds it. Never blocks. */
void log_peer(const struct sockaddr_storage *peer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What a stranger sent, made fit for a log line and cut to the room; returns buf. */
const char *log_quote(char *buf, size_t room, const char *data, size_t len);

#endif
