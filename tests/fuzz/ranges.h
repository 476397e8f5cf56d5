/* SPDX-License-Identifier: MIT */
#ifndef RANGES_H
#define RANGES_H

#include "tests/fuzz/fuzz.h"
#include "tools/http/range.h"

static inline bool ranges_apart(const struct http_span *a, const struct http_span *b)
{
	return a->first >= b->first + b->length || b->first >= a->first + a->length;
}

/* What a Range field makes of files of several sizes: spans inside the file, none over another. */
static inline void ranges_try(const char *text, size_t len)
{
	static const uint64_t sizes[] = { 0, 1, 1000, 1 << 20, UINT64_MAX };
	struct http_span spans[HTTP_RANGES_MAX];
	unsigned count;

	for (size_t n = 0; n < sizeof(sizes) / sizeof(sizes[0]); n++) {
		uint64_t sum = 0;

		if (http_range_parse(text, len, sizes[n], spans, &count) != HTTP_RANGE_PART)
			continue;
		must(count && count <= HTTP_RANGES_MAX);
		for (unsigned i = 0; i < count; i++) {
			must(spans[i].length && spans[i].first < sizes[n]);
			must(spans[i].length <= sizes[n] - spans[i].first);
			must(spans[i].length <= sizes[n] - sum);
			sum += spans[i].length;
			for (unsigned j = 0; j < i; j++)
				must(ranges_apart(&spans[i], &spans[j]));
		}
	}
}

#endif
