/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_HTTP_CONDITION_H
#define TOOLS_HTTP_CONDITION_H

#include <stdbool.h>
#include <time.h>
#include "tools/http/request.h"

/* The validators of the representation that would be sent. */
struct http_validator {
	const char *etag;	/* strong, with its quotes */
	time_t modified;
	time_t now;		/* the file may change again within this second: its date is weak */
};

/* Evaluate the preconditions in the order of RFC 9110, 13.2.2: 0 (go on), 304 or 412. */
int http_condition(const struct http_request *request, const struct http_validator *validator);
/* May the Range field be used: is there no If-Range, or does it match? */
bool http_condition_range(const struct http_request *request,
			  const struct http_validator *validator);

#endif
