/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HTTP2_STREAM_H
#define TOOLS_SERVE_HTTP2_STREAM_H

#include "tools/serve/http/body.h"
#include "tools/serve/http/worker.h"
#include "tools/serve/http2/conn.h"
#include "tools/serve/telemetry/accounting.h"

#define HTTP2_STREAMS	100		/* that a client may have open at once */

/* How the file of a stream's body is counted. */
enum http2_stream_file {
	HTTP2_FILE_NONE,		/* it has none, or one in memory */
	HTTP2_FILE_OWN,			/* as the one that each connection may open */
	HTTP2_FILE_COUNTED,		/* by accounting_file_begin() */
};

/* A request and its response. */
struct http2_stream {
	struct http2 *h;
	struct worker_wait wait;	/* for its response */
	LIST_ENTRY(http2_stream) link;	/* in its connection's `open` or `closed` */
	struct body body;		/* the part that is in no batch yet */
	struct accounting_exchange exchange;
	uint64_t received;		/* bytes of the request's body */
	int32_t id;
	bool cut;			/* reset, because its file became shorter */
	enum http2_stream_file file;
	size_t path_len;
	char path[];			/* for the log */
};

/* Respond to the connection's `request`. 0, or an error for nghttp2. */
int http2_stream_respond(struct http2 *h, int32_t id);
/* nghttp2 has closed the stream: keep it until the batch is sent. */
void http2_stream_close(struct http2 *h, struct http2_stream *stream);
/* An open stream, or NULL. */
struct http2_stream *http2_stream_find(struct http2 *h, int32_t id);
/* Free closed streams: no batch is being sent. */
void http2_stream_purge(struct http2 *h);
/* Free all streams: the connection has ended. */
void http2_stream_free_all(struct http2 *h);
/* Reset a stream, of whose body the batch that was sent lacks so many bytes. */
void http2_stream_missing(struct http2 *h, int32_t id, size_t length);

#endif
