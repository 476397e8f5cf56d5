// SPDX-License-Identifier: MIT
/* Dates, ranges and conditions. */
#include <stdint.h>
#include "tests/ktap.h"
#include "tools/http/condition.h"
#include "tools/http/date.h"
#include "tools/http/range.h"

#define WHEN 784111777	/* the date of the examples in RFC 9110 */

static time_t date(const char *text)
{
	return http_date_parse(text, strlen(text));
}

TEST(dates)
{
	char buf[HTTP_DATE_SIZE];

	http_date_format(WHEN, buf);
	EQ_STR(buf, "Sun, 06 Nov 1994 08:49:37 GMT");
	/* Callers rely on the length: files may have years of three and of five digits. */
	http_date_format(-33765897600, buf);
	EQ_STR(buf, "Thu, 01 Jan 1970 00:00:00 GMT");
	http_date_format(253402300800, buf);
	EQ_STR(buf, "Thu, 01 Jan 1970 00:00:00 GMT");
	EQ(date("Sun, 06 Nov 1994 08:49:37 GMT"), WHEN);
	EQ(date("Sunday, 06-Nov-94 08:49:37 GMT"), WHEN);
	EQ(date("Sun Nov  6 08:49:37 1994"), WHEN);
	EQ(date(""), -1);
	EQ(date("Sun, 06 Nov 1994 08:49:37"), -1);
	EQ(date("Sun, 06 Nov 1994 08:49:37 GMT and more"), -1);
	EQ(date("yesterday"), -1);
}

/* Spans as "first+length first+length". */
static void range(const char *text, uint64_t size, enum http_range kind, const char *expected)
{
	struct http_span spans[HTTP_RANGES_MAX];
	unsigned count;
	enum http_range got = http_range_parse(text, strlen(text), size, spans, &count);
	char list[4096] = "";
	size_t used = 0;

	for (unsigned i = 0; got == HTTP_RANGE_PART && i < count; i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%llu+%llu",
					 i ? " " : "", (unsigned long long)spans[i].first,
					 (unsigned long long)spans[i].length);
	if (got != kind || strcmp(list, expected))
		FAIL("%s of %llu: kind %d: %s instead of %s", text, (unsigned long long)size, got,
		     list, expected);
}

TEST(ranges)
{
	range("bytes=0-0", 10, HTTP_RANGE_PART, "0+1");
	range("bytes=2-5", 10, HTTP_RANGE_PART, "2+4");
	range("bytes=2-", 10, HTTP_RANGE_PART, "2+8");
	range("bytes=2-9", 10, HTTP_RANGE_PART, "2+8");
	range("bytes=2-100", 10, HTTP_RANGE_PART, "2+8");
	range("bytes=9-", 10, HTTP_RANGE_PART, "9+1");
	range("bytes=-3", 10, HTTP_RANGE_PART, "7+3");
	range("bytes=-30", 10, HTTP_RANGE_PART, "0+10");
	range("bytes= 1-2", 10, HTTP_RANGE_PART, "1+2");
	range("bytes=0-99999999999999999999999", 10, HTTP_RANGE_PART, "0+10");
	range("BYTES=0-0", 10, HTTP_RANGE_PART, "0+1");
	range("bytes=10-", 10, HTTP_RANGE_UNSATISFIABLE, "");
	range("bytes=99999999999999999999999-", 10, HTTP_RANGE_UNSATISFIABLE, "");
	range("bytes=-0", 10, HTTP_RANGE_UNSATISFIABLE, "");
	range("bytes=0-", 0, HTTP_RANGE_WHOLE, "");
	range("bytes=-1", 0, HTTP_RANGE_WHOLE, "");
	range("bytes=5-9", 0, HTTP_RANGE_WHOLE, "");
}

TEST(several_ranges)
{
	range("bytes=0-9,1000-1009", 5000, HTTP_RANGE_PART, "0+10 1000+10");
	range("bytes=1000-1009 , 0-9,", 5000, HTTP_RANGE_PART, "1000+10 0+10");
	range("bytes=0-9,9000-,-10", 5000, HTTP_RANGE_PART, "0+10 4990+10");
	range("bytes=6000-,7000-", 5000, HTTP_RANGE_UNSATISFIABLE, "");
	/* Overlapping and adjacent spans, and gaps shorter than the head of a part, are merged. */
	range("bytes=0-9,5-20", 5000, HTTP_RANGE_PART, "0+21");
	range("bytes=0-9,10-20", 5000, HTTP_RANGE_PART, "0+21");
	range("bytes=0-9,90-99", 5000, HTTP_RANGE_PART, "0+100");
	range("bytes=0-9,91-99", 5000, HTTP_RANGE_PART, "0+10 91+9");
	range("bytes=0-9,1000-1009,500-1200,0-600", 5000, HTTP_RANGE_PART, "0+1201");
	range("bytes=3000-3009,0-9,2000-2009,1-3005", 5000, HTTP_RANGE_PART, "0+3010");
	range("bytes=4000-,0-9,2000-2009,2-2500", 5000, HTTP_RANGE_PART, "4000+1000 0+2501");
	range("bytes=0-,0-,0-,0-", 5000, HTTP_RANGE_PART, "0+5000");
	range("bytes=18446744073709551614-18446744073709551615,0-0", UINT64_MAX, HTTP_RANGE_PART,
	      "18446744073709551614+1 0+1");
}

static void many(unsigned count, uint64_t step, unsigned expected)
{
	struct http_span spans[HTTP_RANGES_MAX];
	char text[16384] = "bytes=";
	unsigned got, missing = count;

	for (unsigned i = 0; i < count; i++) {
		unsigned long long at = i * step;

		sprintf(text + strlen(text), "%s%llu-%llu", i ? "," : "", at, at);
	}
	EQ(http_range_parse(text, strlen(text), 1 << 20, spans, &got), HTTP_RANGE_PART);
	EQ(got, expected);
	for (unsigned i = 0; i < count; i++)
		for (unsigned j = 0; j < got; j++)
			missing -= i * step >= spans[j].first &&
				   i * step < spans[j].first + spans[j].length;
	EQ(missing, 0);
}

TEST(many_ranges)
{
	many(HTTP_RANGES_MAX, 1000, HTTP_RANGES_MAX);
	many(HTTP_RANGES_MAX, 0, 1);
	many(HTTP_RANGES_MAX, 50, 1);
	many(HTTP_RANGES_MAX + 1, 1000, HTTP_RANGES_MAX);
	many(1000, 1000, HTTP_RANGES_MAX);
	many(1000, 0, 1);
}

TEST(ranges_that_are_none_mean_the_whole)
{
	static const char *const rows[] = {
		"",
		"bytes",
		"bytes=",
		"bytes=-",
		"bytes=a-b",
		"bytes=5-2",
		"bytes=1",
		"bytes=,",
		"bytes=1-2,x",
		"lines=1-2",
		"bytes=1-2x",
		"bytes=--1",
		"bytes=1--2",
		"bytes =1-2",
		"bytes=1 -2",
		"bytes=1-2;3-4",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		range(rows[i], 10, HTTP_RANGE_WHOLE, "");
}

static const struct http_validator validator = { .etag = "\"a-b\"",
						 .modified = WHEN,
						 .now = WHEN + 1 };

static struct http_text text(const char *value)
{
	return (struct http_text){ value, strlen(value) };
}

TEST(if_none_match)
{
	struct http_request r = { .if_none_match.line = text("\"a-b\"") };

	EQ(http_condition(&r, &validator), 304);
	r.if_none_match.line = text("\"x\", W/\"a-b\" , \"y\"");
	EQ(http_condition(&r, &validator), 304);
	r.if_none_match.line = text("*");
	EQ(http_condition(&r, &validator), 304);
	r.if_none_match.line = text("\"x\", \"a-b");
	EQ(http_condition(&r, &validator), 0);
	/* The entity tag takes precedence over the date. */
	r.if_modified_since = text("Sun, 06 Nov 1994 08:49:37 GMT");
	EQ(http_condition(&r, &validator), 0);
}

TEST(if_modified_since)
{
	struct http_request r = { .if_modified_since = text("Sun, 06 Nov 1994 08:49:37 GMT") };

	EQ(http_condition(&r, &validator), 304);
	r.if_modified_since = text("Sun, 06 Nov 1994 08:49:36 GMT");
	EQ(http_condition(&r, &validator), 0);
	r.if_modified_since = text("some day");
	EQ(http_condition(&r, &validator), 0);
}

TEST(if_match)
{
	struct http_request r = { .if_match.line = text("\"a-b\"") };

	EQ(http_condition(&r, &validator), 0);
	r.if_match.line = text("W/\"a-b\"");
	EQ(http_condition(&r, &validator), 412);
	r.if_match.line = text("\"x\"");
	EQ(http_condition(&r, &validator), 412);
	r.if_match.line = text("*");
	EQ(http_condition(&r, &validator), 0);
	r = (struct http_request){ .if_unmodified_since = text("Sun, 06 Nov 1994 08:49:36 GMT") };
	EQ(http_condition(&r, &validator), 412);
	r.if_unmodified_since = text("Sun, 06 Nov 1994 08:49:37 GMT");
	EQ(http_condition(&r, &validator), 0);
}

/* Several lines of a field are one list. */
TEST(lists_in_lines)
{
	struct http_list third = { text("W/\"a-b\""), NULL }, second = { text("\"y\""), &third };
	struct http_request r = { .if_none_match = { text("\"x\""), &second } };

	EQ(http_condition(&r, &validator), 304);
	third.line = text("\"z\"");
	EQ(http_condition(&r, &validator), 0);
	r = (struct http_request){ .if_match = { text("\"a-b\""), &second } };
	EQ(http_condition(&r, &validator), 0);
	r.if_match.line = text("\"x\"");
	EQ(http_condition(&r, &validator), 412);
	/* A star among other tags is no valid tag, in one line or in several. */
	r.if_match.line = text("*");
	EQ(http_condition(&r, &validator), 412);
}

TEST(if_range)
{
	struct http_request r = { 0 };

	CHECK(http_condition_range(&r, &validator));
	r.if_range = text("\"a-b\"");
	CHECK(http_condition_range(&r, &validator));
	r.if_range = text("W/\"a-b\"");
	CHECK(!http_condition_range(&r, &validator));
	r.if_range = text("\"x\"");
	CHECK(!http_condition_range(&r, &validator));
	r.if_range = text("Sun, 06 Nov 1994 08:49:37 GMT");
	CHECK(http_condition_range(&r, &validator));
	r.if_range = text("Sun, 06 Nov 1994 08:49:38 GMT");
	CHECK(!http_condition_range(&r, &validator));
	/* Within its second the file may change once more. */
	r.if_range = text("Sun, 06 Nov 1994 08:49:37 GMT");
	CHECK(!http_condition_range(
		&r, &(struct http_validator){ "\"a-b\"", validator.modified, validator.modified }));
	r.if_range = text("\"a-b\"");
	CHECK(http_condition_range(
		&r, &(struct http_validator){ "\"a-b\"", validator.modified, validator.modified }));
	r.if_range = text("");
	CHECK(!http_condition_range(&r, &validator));
}
