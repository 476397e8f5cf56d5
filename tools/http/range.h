/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_HTTP_RANGE_H
#define TOOLS_HTTP_RANGE_H

#include <stddef.h>
#include <stdint.h>

#define HTTP_RANGES_MAX	256	/* a request with more is refused */

enum http_range {
	HTTP_RANGE_WHOLE,		/* the field is ignored: send everything */
	HTTP_RANGE_PART,
	HTTP_RANGE_UNSATISFIABLE,	/* all lie outside */
};

struct http_span {
	uint64_t first, length;
};

/*
 * Apply the value of a Range field to a representation of `size` bytes. For HTTP_RANGE_PART: at
 * least one span, in the order of the request. Spans that overlap, or are closer together than the
 * head of a part is long, are merged, so their sum is never longer than the representation; so are
 * those beyond HTTP_RANGES_MAX, each with the nearest other. An empty representation is sent whole.
 */
enum http_range http_range_parse(const char *text, size_t len, uint64_t size,
				 struct http_span spans[HTTP_RANGES_MAX], unsigned *count);

#endif
