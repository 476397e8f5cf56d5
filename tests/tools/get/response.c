// SPDX-License-Identifier: MIT
#include "tests/ktap.h"
#include "tools/get/response.h"

static ssize_t parse(struct response *r, const char *text)
{
	const char *why = NULL;
	ssize_t ret = response_parse(r, text, strlen(text), &why);

	if (ret < 0)
		CHECK(why && *why);
	return ret;
}

TEST(head_comes_in_pieces)
{
	static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\n";
	const char *why;
	struct response r;

	for (size_t len = 0; len < sizeof(text) - 1; len++)
		EQ(response_parse(&r, text, len, &why), 0);
	EQ(parse(&r, text), sizeof(text) - 1);
	EQ(r.status, 200);
	EQ_STR(r.phrase, "OK");
	CHECK(r.keep && r.sized && !r.chunked);
	EQ(r.length, 5);
	EQ_STR(response_validator(&r), "\"x\"");
}

TEST(framing)
{
	static const struct {
		const char *text;
		bool keep, chunked, sized;
		uint64_t length;
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\n\r\n", false, false, false, 0 },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", false, false, true, 3 },
		{ "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 3\r\n\r\n", true,
		  false, true, 3 },
		{ "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 3\r\n\r\n", false,
		  false, true, 3 },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nContent-Length: 3\r\n\r\n",
		  true, true, false, 3 },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\n", true, false, true, 3 },
		{ "HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\n", true, false, true, 0 },
		{ "HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\n", true, false, true, 0 },
		{ "HTTP/1.1 100 Go\r\n\r\n", true, false, true, 0 },
		{ "HTTP/1.1 200 \r\nContent-Length: 1844674407370955160\r\n\r\n", true, false, true,
		  1844674407370955160u },
	};
	struct response r;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		EQ(parse(&r, rows[i].text), strlen(rows[i].text));
		EQ(r.keep, rows[i].keep);
		EQ(r.chunked, rows[i].chunked);
		EQ(r.sized, rows[i].sized);
		EQ(r.length, rows[i].length);
	}
}

TEST(nonsense)
{
	static const char *const rows[] = {
		"HTTP/2 200 OK\r\n\r\n",
		"ICY 200 OK\r\n\r\n",
		"<html>\r\n\r\n",
		"HTTP/1.1 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
		"HTTP/1.1 200OK\r\n\r\n",
		"HTTP/1.1 20 OK\r\n\r\n",
		"HTTP/1.x 200 OK\r\n\r\n",
		"HTTP/1.1 206 OK\r\nContent-Range: bytes 5-4/10\r\n\r\n",
		"HTTP/1.1 206 OK\r\nContent-Range: bytes 5-10/10\r\n\r\n",
		"HTTP/1.1 206 OK\r\nContent-Range: lines 1-2/3\r\n\r\n",
		"HTTP/1.1 206 OK\r\nContent-Range: bytes 1-2\r\n\r\n",
	};
	struct response r;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		printf("# %zu\n", i);
		EQ(parse(&r, rows[i]), -EBADMSG);
	}
	EQ(parse(&r, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
		     "Transfer-Encoding: chunked\r\n\r\n"), -EBADMSG);
}

TEST(ranges)
{
	struct response r;

	CHECK(parse(&r, "HTTP/1.1 206 Part\r\nContent-Range: bytes 5-9/10\r\n\r\n") > 0);
	CHECK(r.ranged && r.first == 5 && r.total == 10);
	CHECK(parse(&r, "HTTP/1.1 206 Part\r\nContent-Range: bytes 5-9/*\r\n\r\n") > 0);
	CHECK(r.ranged && r.first == 5 && r.total == UINT64_MAX);
	EQ(r.last, 9);
	CHECK(parse(&r, "HTTP/1.1 206 Part\r\nContent-Range: BYTES 5-9/10\r\n\r\n") > 0);
	CHECK(r.ranged && r.first == 5 && r.last == 9 && r.total == 10);
	CHECK(parse(&r, "HTTP/1.1 416 No\r\nContent-Range: bytes */10\r\n\r\n") > 0);
	CHECK(r.ranged && r.first == UINT64_MAX && r.total == 10);
}

TEST(status_lines)
{
	static const struct { const char *line, *phrase;
	} rows[] = {
		{ "HTTP/1.1 200\r\n", "" },
		{ "HTTP/1.1 200 \r\n", "" },
		{ "HTTP/1.0 200 A b\n", "A b" },
		{ "HTTP/1.1 200 t\303\244t\r\n", "t??t" },
	};
	char text[128];
	struct response r;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "%sContent-Length: 3\r\n\r\n", rows[i].line);
		EQ(parse(&r, text), strlen(text));
		EQ(r.status, 200);
		EQ_STR(r.phrase, rows[i].phrase);
		EQ(r.length, 3);
	}
}

TEST(folded_fields)
{
	char text[8192] =
		"HTTP/1.1 200 OK\r\nETag: \"a\r\n  b\r\n\tc\"\r\nContent-Length:\r\n 3\r\n\r\n";
	struct response r;

	EQ(parse(&r, text), strlen(text));
	EQ_STR(r.etag, "\"a    b  \tc\"");
	EQ(r.length, 3);
	snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nA: b\r\n %06000d\r\n\r\n", 0);
	EQ(parse(&r, text), -EBADMSG);
}

TEST(retry_after)
{
	struct response r;

	CHECK(parse(&r, "HTTP/1.1 503 No\r\nRetry-After: 120\r\n\r\n") > 0);
	EQ(r.retry_after, 120);
	CHECK(parse(&r, "HTTP/1.1 503 No\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n") >
	      0);
	EQ(r.retry_after, 0);
	CHECK(parse(&r, "HTTP/1.1 503 No\r\nRetry-After: Fri, 06 Nov 2099 08:49:37 GMT\r\n\r\n") >
	      0);
	CHECK(r.retry_after > 1000000);
	CHECK(parse(&r, "HTTP/1.1 503 No\r\nRetry-After: soon\r\n\r\n") > 0);
	EQ(r.retry_after, 0);
}

TEST(parts_of_one_version)
{
	struct response r;

	CHECK(parse(&r, "HTTP/1.1 206 Part\r\nETag: \"x\"\r\n\r\n") > 0);
	CHECK(response_matches(&r, "\"x\"") && !response_matches(&r, "\"y\""));
	CHECK(parse(&r, "HTTP/1.1 206 Part\r\nETag: W/\"x\"\r\n\r\n") > 0);
	CHECK(!response_matches(&r, "\"x\""));
	CHECK(parse(&r, "HTTP/1.1 206 Part\r\n\r\n") > 0);
	CHECK(!response_matches(&r, "\"x\"") &&
	      response_matches(&r, "Sun, 06 Nov 1994 08:49:37 GMT"));
	CHECK(parse(&r,
		    "HTTP/1.1 206 Part\r\nLast-Modified: Sun, 06 Nov 1994 08:49:38 GMT\r\n\r\n") >
	      0);
	CHECK(!response_matches(&r, "Sun, 06 Nov 1994 08:49:37 GMT"));
}

/* A date is no strong validator if the file may have changed within the second of the answer. */
TEST(validators)
{
	static const char modified[] = "Sun, 06 Nov 1994 08:49:37 GMT";
	struct response r;

	CHECK(parse(&r, "HTTP/1.1 200 OK\r\nETag: W/\"x\"\r\n\r\n") > 0);
	CHECK(!response_validator(&r));
	CHECK(parse(&r, "HTTP/1.1 200 OK\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n") > 0);
	CHECK(!response_validator(&r));
	CHECK(parse(&r, "HTTP/1.1 200 OK\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		    "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n\r\n") > 0);
	EQ_STR(response_validator(&r), modified);
}

TEST(bodies)
{
	struct response_body body;
	struct response r = { .chunked = true };
	char text[] = "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nA: b\r\n\r\nmore", out[8] = "";
	size_t surplus, all = 0;

	/* The body arrives byte by byte. */
	response_body_start(&body, &r);
	for (size_t i = 0; !body.done; i++) {
		ssize_t got = response_body_take(&body, text + i, 1, &surplus);

		CHECK(got >= 0 && all + (size_t)got < sizeof(out));
		memcpy(out + all, text + i, (size_t)got);
		all += (size_t)got;
		EQ(surplus, 0);
	}
	EQ_STR(out, "abcde");
	r = (struct response){ .sized = true, .length = 3 };
	response_body_start(&body, &r);
	EQ(response_body_take(&body, out, 5, &surplus), 3);
	CHECK(body.done);
	EQ(surplus, 2);
	r = (struct response){ .chunked = true };
	response_body_start(&body, &r);
	EQ(response_body_take(&body, (char[]){ "x\r\n" }, 3, &surplus), -EBADMSG);
}
