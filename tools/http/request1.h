/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_HTTP_REQUEST1_H
#define TOOLS_HTTP_REQUEST1_H

#include <stdint.h>
#include "tools/http/request.h"

/* A request in HTTP/1.0 or 1.1, and how its message is framed. */
struct http1_head {
	struct http_request request;
	uint64_t body;			/* length of the body in bytes */
	bool http10;
	bool keep_alive;
	bool endless;			/* the length of the body is not known (chunked) */
};

/*
 * Parse the request at the start of data. > 0: length of its head; 0: the head is incomplete; < 0:
 * -(status) of the refusal, *why is a static text for the log, and the connection cannot be used
 * any more. A head of `limit` bytes or more is refused. A target may be a whole URL of the scheme.
 */
int http1_head_parse(const char *data, size_t len, size_t limit, enum http_scheme scheme,
		     struct http1_head *out, const char **why);

#endif
