/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_HTTP_CONDITION_H
#define TOOLS_HTTP_CONDITION_H

#include <stdbool.h>
#include <time.h>
#include "tools/http/request.h"

/* What a representation is known by. */
struct http_validator {
	const char *etag;	/* with its quotes; strong */
	time_t modified;
};

/* The preconditions in the order of RFC 9110, 13.2.2: 0 (go on), 304 or 412. */
int http_condition(const struct http_request *request, const struct http_validator *validator);
/* If-Range, when it came, names this very representation. */
bool http_condition_range(const struct http_request *request, const struct http_validator *validator);

#endif
