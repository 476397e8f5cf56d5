/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_TELEMETRY_LIMITS_H
#define TOOLS_SERVE_TELEMETRY_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* What clients may use. The table of settings says which may be 0, for no limit. */
struct limits_settings {
	unsigned handshake_timeout;	/* seconds, also the next two */
	unsigned header_timeout;	/* from a request's first byte to the end of its head */
	unsigned idle_timeout;
	/* bytes per second that a client must take, or send of a body */
	unsigned min_rate;
	unsigned connections;
	unsigned connections_per_address;	/* an IPv4 address, an IPv6 /64 */
	unsigned header_bytes;		/* of a request, at most HTTP_HEAD_LIMIT */
	unsigned requests;		/* of one connection */
};

/* Counts the open connections of all threads. */
struct limits;

enum limits_verdict { LIMITS_WELCOME = 0, LIMITS_TOO_MANY, LIMITS_TOO_MANY_OF_ADDRESS };

/* settings must outlive it. 0 or -ENOMEM. */
int limits_new(struct limits **out, const struct limits_settings *settings);
void limits_free(struct limits *limits);
/* Count a file that a response opens, besides the one that each connection of this peer may have open
 * anyway; any thread. False: too many are open, of this address or in all. True: call
 * limits_file_leave() when it is closed, before the last connection of the peer ends. */
bool limits_file_enter(struct limits *limits, const struct sockaddr *peer);
void limits_file_leave(struct limits *limits, const struct sockaddr *peer);
/* Count a new connection; any thread. LIMITS_WELCOME: call limits_leave() at its end. Out of
 * memory counts as LIMITS_TOO_MANY. */
enum limits_verdict limits_enter(struct limits *limits, const struct sockaddr *peer);
void limits_leave(struct limits *limits, const struct sockaddr *peer);

#endif
