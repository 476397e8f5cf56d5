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
 * wire_feed(), what it wants sent piles up until wire_take(). Beside it the record framing of the
 * incoming bytes is followed, because libssl does not tell where in a record it stands.
 * Owner: the SSL, whose owner is the connection.
 */
struct wire {
	struct ssl_st *ssl;
	void (*chained)(const struct ssl_st *ssl, int where, int value);
	const uint8_t *in;		/* lent by wire_feed */
	size_t in_len;
	uint8_t *out;			/* owned */
	size_t out_len, out_room;
	const char *detail;		/* libssl's word on its last failure, static; or NULL */
	uint16_t body_missing;		/* of the record that is coming in */
	uint8_t head[5], head_len;
	int16_t alert_sent, alert_got;	/* description, -1: none; of fatal ones */
	bool closed;			/* the peer's close_notify came */
	bool adopted;			/* the SSL reads by itself, from a BIO of its own */
	bool diverted;			/* an adopted SSL's output goes nowhere any more */
};

/* 0 or -ENOMEM. */
int wire_new(struct wire **out, struct ssl_ctx_st *ssl_ctx, bool server);
/* Around an SSL that has transports of its own; only its output can be turned in here, by
 * wire_divert(). The wire belongs to the SSL and goes with it. 0 or -ENOMEM. */
int wire_watch(struct ssl_st *ssl);
/* NULL: it has none. */
struct wire *wire_of(const struct ssl_st *ssl);
/* Frees the SSL, and the wire with it. */
void wire_free(struct wire *wire);
/* Cut an adopted SSL off its transports: from now on output collects here, and with `both` input
 * is fed. For directions whose key the kernel has. 0 or -ENOMEM. */
int wire_divert(struct wire *wire, bool both);
/* Lend len bytes until the next wire_feed; everything lent before must have been consumed. */
void wire_feed(struct wire *wire, const void *data, size_t len);
/* Bytes that are certainly missing until the incoming stream stands at a record boundary; 0 = it
 * does. Never more than the true number; of an adopted SSL just 1. */
size_t wire_missing(const struct wire *wire);
/* Nothing that libssl wrote still waits for its way to the socket. */
bool wire_flushed(const struct wire *wire);
/* Push a buffering BIO's content on, then as wire_flushed(). */
bool wire_flush(struct wire *wire);
/* An adopted SSL reads from, or writes to, the socket from now on; its own transport must be dry.
 * 1; 0: it does so already; -ENOMEM. */
int wire_use_socket(struct wire *wire, int fd, bool write);
/* Hand the collected output to the caller, who frees it. Its length, 0 when there is none. */
size_t wire_take(struct wire *wire, uint8_t **out);
void wire_discard(struct wire *wire);

#endif
