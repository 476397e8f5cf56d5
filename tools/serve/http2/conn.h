/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HTTP2_CONN_H
#define TOOLS_SERVE_HTTP2_CONN_H

/* What the parts of the HTTP/2 server know of a connection. nghttp2 knows the protocol. */

#include <nghttp2/nghttp2.h>
#include "tools/serve/telemetry/accounting.h"
#include "tools/serve/http/body.h"
#include "tools/serve/http2/session.h"
#include "tools/serve/http2/flood.h"
#include "tools/serve/http2/request.h"
#include "tools/serve/http2/output.h"
#include "tlsring.h"

#define HTTP2_STREAMS	100		/* open at once */

struct http2_worker {
	nghttp2_session_callbacks *callbacks;	/* owned, as is the next */
	nghttp2_option *option;
	struct http2_out out;
};

struct http2_stream {
	struct http2_stream *next, *prev;	/* on http2's list of those that are open */
	struct content content;			/* what was not given to a batch yet */
	struct account_exchange account;
	uint64_t body;				/* bytes that the client sent */
	int32_t id;
	bool cut;				/* its file became shorter: the client was told */
	size_t path_len;
	char path[];				/* for the log */
};

/* An HTTP/2 connection: the user pointer of its tlsring_conn. */
struct http2 {
	struct worker *worker;
	struct http2_out *out;		/* the worker's */
	struct tlsring_conn *conn;
	nghttp2_session *session;	/* owned, as is all that follows */
	struct http2_stream *streams;	/* open */
	struct http2_stream *gone;	/* closed, but the batch may use their files */
	struct http2_batch *batch;	/* on its way; NULL: nothing is */
	struct http2_head *head;	/* of a request that is coming in; NULL: none is */
	struct http2_calm calm;
	uint32_t now;			/* msecs, as far as this event goes */
	uint32_t second;		/* the same in seconds */
	uint32_t began;			/* msecs, when the batch was given away */
	uint32_t most;			/* bytes of the next batch, */
	bool full;			/* and the last one had as many as it might */
	uint32_t useful;		/* when a request came or content went */
	uint32_t lost;			/* bytes of the peer's window used up by frames that never left */
	int32_t widest;			/* that this window was */
	uint32_t padding;		/* bytes of the DATA frame that is being made */
	bool sealed;			/* by the kernel, on this processor */
	bool leaving;			/* the client was told to make no more requests */
	bool ended;			/* for cause: nothing that comes counts any more */
};

/* http2.c */
/* One more of these; too many end the connection, with a word to the log. */
void http2_nuisance(struct http2 *h, enum http2_nuisance kind);
/* Say that it ends, answer what was asked, close. */
void http2_leave(struct http2 *h);

/* http2_events.c: what nghttp2 tells. NULL: no memory. */
nghttp2_session_callbacks *http2_events_new(void);

/* http2_stream.c */
/* Answer the request of h->head. 0, or an error for nghttp2. */
int http2_stream_answer(struct http2 *h, int32_t id);
/* nghttp2 has forgotten it. */
void http2_stream_closed(struct http2 *h, struct http2_stream *stream);
struct http2_stream *http2_stream_find(struct http2 *h, int32_t id);
/* Free those that are gone. */
void http2_stream_purge(struct http2 *h);
/* And those that are not. */
void http2_stream_free_all(struct http2 *h);
/* Of the batch that was sent these bytes could not: end the stream. */
void http2_stream_missing(struct http2 *h, int32_t id, size_t length);

#endif
