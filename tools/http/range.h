/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_HTTP_RANGE_H
#define TOOLS_HTTP_RANGE_H

#include <stddef.h>
#include <stdint.h>

#define HTTP_RANGES_MAX	64	/* more in one request are refused */

enum http_range {
	HTTP_RANGE_WHOLE,		/* not ranges: send everything */
	HTTP_RANGE_PART,
	HTTP_RANGE_UNSATISFIABLE,	/* none lies in the representation, or there are too many */
};

struct http_span {
	uint64_t first, length;
};

/*
 * A Range field's value against a representation of `size` bytes: at least one span, in the
 * order asked for. Those that overlap, or lie closer together than a part's head is long, are
 * made one, so that all together are never longer than the whole.
 */
enum http_range http_range_parse(const char *text, size_t len, uint64_t size,
				 struct http_span spans[HTTP_RANGES_MAX], unsigned *count);

#endif
