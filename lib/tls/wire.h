/* SPDX-License-Identifier: MIT */
#ifndef LIB_TLS_WIRE_H
#define LIB_TLS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ssl_st;
struct ssl_ctx_st;

/*
 * An SSL whose transport is memory: what the peer sent is lent to it for the length of one
 * wire_feed(), what it wants sent piles up until wire_take(). It reads no further than it must,
 * so that what follows the handshake is left in `in`.
 * Owner: the SSL, whose owner is the connection.
 */
struct wire {
	struct ssl_st *ssl;
	void (*chained)(const struct ssl_st *ssl, int where, int value);
	uint8_t *in; /* lent by wire_feed */
	size_t in_len;
	uint8_t *out;			/* owned */
	size_t out_len, out_room;
	const char *detail; /* libssl's word on its last failure, static; or NULL */
	int16_t alert_sent, alert_got;	/* description, -1: none; of fatal ones */
	void *owner;			/* the connection, unless the SSL is adopted */
	bool suspended;			/* a callback of the SSL's has suspended the handshake */
	bool closed;			/* the peer's close_notify came */
	bool http;			/* HTTP came where a ClientHello was due */
	bool adopted; /* the SSL reads by itself, from a BIO of its own */
};

/* 0 or -ENOMEM. */
int wire_new(struct wire **out, struct ssl_ctx_st *ssl_ctx, bool server);
/* Around an SSL that has transports of its own until wire_divert(). The wire belongs to the SSL and
 * goes with it. 0, -EINVAL (no stream, or the SSL is the engine's), -ENOMEM. */
int wire_watch(struct ssl_st *ssl);
/* NULL: it has none. */
struct wire *wire_of(const struct ssl_st *ssl);
/* Frees the SSL, and the wire with it. */
void wire_free(struct wire *wire);
/* Cut an adopted SSL off its transports: from now on output collects here, and input is fed. 0 or
 * -ENOMEM. */
int wire_divert(struct wire *wire);
/* Lend len bytes until the next wire_feed; everything lent before must have been consumed. */
void wire_feed(struct wire *wire, void *data, size_t len);
/* An adopted SSL: has libssl, or its transport, anything that it has not given out? */
bool wire_pending(const struct wire *wire);
/* Push a buffering BIO's content on. True: nothing that libssl wrote waits for its way to the
 * socket. */
bool wire_flush(struct wire *wire);
/* An adopted SSL reads from, or writes to, the socket from now on; its own transport must be dry.
 * 1; 0: it does so already; -ENOMEM. */
int wire_use_socket(struct wire *wire, int fd, bool write);
/* Hand the collected output to the caller, who frees it. Its length, 0 when there is none. */
size_t wire_take(struct wire *wire, uint8_t **out);
void wire_discard(struct wire *wire);
/* Add bytes to the output as they are. 0 or -ENOMEM. */
int wire_put(struct wire *wire, const void *data, size_t len);

#endif
