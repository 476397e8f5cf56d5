/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_HTTP_REQUEST1_H
#define TOOLS_HTTP_REQUEST1_H

#include <stdint.h>
#include "tools/http/request.h"

/* A request as HTTP/1.1 brings it: what is asked for, and where the message ends. */
struct http1_head {
	struct http_request request;
	uint64_t body;			/* bytes of the body that follow the head */
	bool http10;
	bool keep_alive;
	bool endless;			/* the body's end is not known beforehand (chunked) */
};

/*
 * The request at the start of data. > 0: bytes of its head; 0: the head has not come whole;
 * < 0: -(status) that refuses it, after which nothing on the connection can be understood. A head of
 * `limit` bytes is too long. A target may also be a whole URL of that scheme.
 * *why then says it for the log.
 */
int http1_head_parse(const char *data, size_t len, size_t limit, enum http_scheme scheme, struct http1_head *out,
		     const char **why);

#endif
