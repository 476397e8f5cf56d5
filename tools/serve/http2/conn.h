/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HTTP2_CONN_H
#define TOOLS_SERVE_HTTP2_CONN_H

/*
 * An HTTP/2 connection: its state, and the ways it ends. nghttp2 implements the protocol.
 * callbacks.c reacts to what nghttp2 reads, stream.c responds to requests, session.c moves bytes
 * between nghttp2 and the connection.
 */

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include "tools/serve/http2/flood.h"
#include "tools/serve/http2/output.h"
#include "tools/serve/http2/request.h"
#include "tlsring.h"

struct worker;

LIST_HEAD(http2_streams, http2_stream);

/* The connections of one thread share it. */
struct http2_worker {
	nghttp2_session_callbacks *callbacks;	/* owned */
	nghttp2_option *option;			/* owned */
	struct http2_output output;
};

enum http2_state {
	HTTP2_SERVING,
	HTTP2_LEAVING,		/* GOAWAY announced it; the PING behind it has no ACK yet */
	HTTP2_LEFT,		/* GOAWAY named the last stream */
	HTTP2_ENDED,		/* terminated for cause: what the peer sends is ignored */
};

/* The user pointer of its tlsring_conn. */
struct http2 {
	struct worker *worker;
	struct http2_output *output;	/* the worker's */
	struct tlsring_conn *conn;
	void (*flush)(struct http2 *h);	/* sends what nghttp2 has to send, outside of handlers */
	nghttp2_session *session;	/* owned */
	struct http2_streams open;	/* owned */
	struct http2_streams closed;	/* owned; the batch may still use their files */
	struct http2_batch *batch;	/* owned; being sent, or NULL */
	struct http2_request *request;	/* owned; its head is being received, or NULL */
	struct http2_flood flood;
	uint32_t now;			/* msecs, taken once for each event */
	uint32_t second;		/* the same in seconds */
	uint32_t began;			/* msecs, when the batch was handed to the engine */
	uint32_t batch_limit;		/* bytes of the next batch */
	bool full;			/* the last batch reached its limit */
	uint32_t useful;		/* second in which a request came or a body was sent */
	uint32_t lost;			/* bytes of the peer's window spent on unsent frames */
	int32_t widest;			/* the largest size that this window had */
	uint32_t padding;		/* bytes of padding of the DATA frame that is being made */
	bool sealed;			/* the kernel seals records, on this processor */
	enum http2_state state;
	bool has_file;			/* a stream has the file that each connection may open */
};

/* Terminate the session: GOAWAY with this error still leaves, what the peer sends is ignored. why:
 * for the log, or NULL. */
void http2_end(struct http2 *h, uint32_t error, const char *why);
/* Count one abuse of this kind; too many of them end the connection, and are logged. */
void http2_abuse(struct http2 *h, enum http2_abuse kind);
/* Announce the end, respond to requests that are under way, then close. */
void http2_leave(struct http2 *h);

#endif
