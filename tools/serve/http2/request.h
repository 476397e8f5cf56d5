/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HTTP2_REQUEST_H
#define TOOLS_SERVE_HTTP2_REQUEST_H

#include "tools/http/request.h"

/* A request's head while its fields come in. Pseudo-header fields, case and forbidden fields were
 * checked by nghttp2 before. */
struct http2_head {
	struct http_request request;
	struct http_text target, authority, host;
	unsigned fields;
	size_t used;			/* of bytes */
	size_t size;			/* as SETTINGS_MAX_HEADER_LIST_SIZE counts */
	size_t limit;			/* of that */
	int status;			/* what refuses it; 0: nothing does */
	const char *why;
	char bytes[HTTP_HEAD_LIMIT];	/* the values, of which the texts are parts */
};

/* Limit: at most HTTP_HEAD_LIMIT. For free(). NULL: no memory. */
struct http2_head *http2_head_new(size_t limit);
/* Both are the caller's. */
void http2_head_field(struct http2_head *head, const struct http_text *name, const struct http_text *value);
/* All fields are here: the request stands. False: too large, or contradictory: answer `status`. */
bool http2_head_finish(struct http2_head *head);

#endif
