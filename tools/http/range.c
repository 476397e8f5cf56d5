// SPDX-License-Identifier: MIT
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include "tools/http/range.h"
#include "tools/http/request.h"

#define RANGE_GAP	80	/* bytes: about the size of the head of a part */

static bool range_digit(const char *at, const char *end)
{
	return at < end && *at >= '0' && *at <= '9';
}

/* Take a number; one that is too large becomes UINT64_MAX. False: there is no digit. */
static bool range_number(const char **at, const char *end, uint64_t *out)
{
	uint64_t value = 0;

	if (!range_digit(*at, end))
		return false;
	for (; range_digit(*at, end); (*at)++) {
		unsigned digit = (unsigned)(**at - '0');

		value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
	}
	*out = value;
	return true;
}

/* Parse one element of the list; the length of *out is 0 if it lies outside. False: not a range. */
static bool range_spec(const struct http_text *spec, uint64_t size, struct http_span *out)
{
	const char *at = spec->at, *end = spec->at + spec->len;
	uint64_t from = 0, to = UINT64_MAX;
	bool has_from = range_number(&at, end, &from);

	*out = (struct http_span){ 0 };
	if (at == end || *at++ != '-')
		return false;
	if (!range_number(&at, end, &to) && !has_from)
		return false;
	if (at != end || (has_from && to < from))
		return false;
	if (!has_from) {
		out->length = to < size ? to : size;
		out->first = size - out->length;
	} else if (from < size) {
		out->first = from;
		out->length = (to < size ? to + 1 : size) - from;
	}
	return true;
}

static uint64_t range_distance(const struct http_span *a, const struct http_span *b)
{
	const struct http_span *low = a->first < b->first ? a : b, *high = low == a ? b : a;
	uint64_t end = low->first + low->length;

	return high->first > end ? high->first - end : 0;
}

static bool range_near(const struct http_span *a, const struct http_span *b)
{
	return range_distance(a, b) <= RANGE_GAP;
}

static void range_join(struct http_span *span, const struct http_span *other)
{
	uint64_t end = span->first + span->length, other_end = other->first + other->length;

	if (other_end > end)
		end = other_end;
	if (other->first < span->first)
		span->first = other->first;
	span->length = end - span->first;
}

/* The span that is nearest to another. */
static unsigned range_nearest(const struct http_span *spans, unsigned count,
			      const struct http_span *span)
{
	unsigned nearest = 0;

	for (unsigned i = 1; i < count; i++)
		if (range_distance(&spans[i], span) < range_distance(&spans[nearest], span))
			nearest = i;
	return nearest;
}

/* Add a span, merged with those that are near; it takes the place of the first of them. */
static void range_add(struct http_span *spans, unsigned *count, struct http_span span)
{
	unsigned place = *count;

	if (*count == HTTP_RANGES_MAX)
		range_join(&span, &spans[range_nearest(spans, *count, &span)]);
	for (unsigned i = *count; i-- > 0;) {
		if (!range_near(&spans[i], &span))
			continue;
		range_join(&span, &spans[i]);
		memmove(&spans[i], &spans[i + 1], (*count - i - 1) * sizeof(*spans));
		--*count;
		if (i < place)
			place = i;
		/* The span has grown: earlier ones may be near it now. */
		i = *count;
	}
	memmove(&spans[place + 1], &spans[place], (*count - place) * sizeof(*spans));
	spans[place] = span;
	++*count;
}

enum http_range http_range_parse(const char *text, size_t len, uint64_t size,
				 struct http_span spans[HTTP_RANGES_MAX], unsigned *count)
{
	struct http_text list = { text + 6, len - 6 }, element;
	bool given = false;

	*count = 0;
	if (!size || len < 6 || strncasecmp(text, "bytes=", 6))
		return HTTP_RANGE_WHOLE;
	while (http_text_element(&list, &element)) {
		struct http_span span;

		if (!element.len)
			continue;
		if (!range_spec(&element, size, &span))
			return HTTP_RANGE_WHOLE;
		given = true;
		if (span.length)
			range_add(spans, count, span);
	}
	if (!given)
		return HTTP_RANGE_WHOLE;
	return *count ? HTTP_RANGE_PART : HTTP_RANGE_UNSATISFIABLE;
}
