/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HTTP2_REQUEST_H
#define TOOLS_SERVE_HTTP2_REQUEST_H

#include "tools/http/request.h"

/*
 * A request while its fields arrive. nghttp2 has already checked the pseudo-header fields, that
 * names are in lower case, and that no forbidden field is among them.
 */
struct http2_request {
	struct http_request parsed;
	struct http_text target, authority, host;
	unsigned fields;
	size_t used;		/* of bytes */
	size_t size;		/* as SETTINGS_MAX_HEADER_LIST_SIZE counts it */
	size_t limit;		/* of size */
	int status;		/* that refuses the request; 0: nothing is wrong yet */
	const char *why;	/* it is refused; static */
	char bytes[HTTP_HEAD_LIMIT];	/* the values; all texts point into it */
};

/* limit: at most HTTP_HEAD_LIMIT. For free(). NULL: out of memory. */
struct http2_request *http2_request_new(size_t limit);
/* Add a field; both texts are copied. */
void http2_request_field(struct http2_request *request, const struct http_text *name,
			 const struct http_text *value);
/* All fields have arrived: complete `parsed`. False: respond with `status`. */
bool http2_request_finish(struct http2_request *request);

#endif
