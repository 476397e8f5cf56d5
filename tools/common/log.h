/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_COMMON_LOG_H
#define TOOLS_COMMON_LOG_H

#include <stddef.h>
#include <sys/socket.h>

/* Write a line to standard error, in one write. Any thread. Blocks for two seconds at most; lines
 * that cannot be written are counted, and the next line that can is preceded by their number. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for an event of a peer: with its address, and the time unless the journal adds it. Never
 * blocks. */
void log_peer(const struct sockaddr_storage *peer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Escape bytes from the network for a log line, and cut them to the room. Returns buf. */
const char *log_quote(char *buf, size_t room, const char *data, size_t len);

#endif
