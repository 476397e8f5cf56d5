// SPDX-License-Identifier: MIT
#include "tests/ktap.h"
#include "tools/http/request1.h"

static struct http1_head head;

/* A copy in memory of exactly its length, so that a sanitizer sees reads past the end. */
static int parse_bytes(const char *data, size_t len)
{
	static char *copy;	/* kept until the next call: the request points into it */
	const char *why;
	int ret;

	free(copy);
	copy = malloc(len ? len : 1);
	CHECK(copy);
	memcpy(copy, data, len);
	ret = http1_head_parse(copy, len, HTTP_HEAD_LIMIT, HTTP_SCHEME_HTTPS, &head, &why);
	if (ret < 0)
		CHECK(*why);
	return ret;
}

static int parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

static void expect(const char *text, int result)
{
	int got = parse(text);

	if (got != result)
		FAIL("%d instead of %d for: %s", got, result, text);
}

static int same(struct http_text text, const char *word)
{
	return text.len == strlen(word) && !memcmp(text.at, word, text.len);
}

TEST(a_whole_request)
{
	const char *text = "GET /a/b?c=d HTTP/1.1\r\nHost: x\r\nRange:  bytes=1-2 \r\n"
			   "IF-NONE-MATCH: \"e\"\r\n\r\nGET /next";

	EQ(parse(text), strlen(text) - strlen("GET /next"));
	CHECK(same(head.request.path, "/a/b"));
	CHECK(same(head.request.query, "?c=d"));
	CHECK(same(head.request.range, "bytes=1-2"));
	CHECK(same(head.request.if_none_match.line, "\"e\""));
	CHECK(!head.request.if_range.at);
	CHECK(head.keep_alive && !head.request.head && !head.http10 && !head.body &&
	      !head.request.refused);
}

TEST(every_beginning_is_partial)
{
	const char *text = "\r\nHEAD / HTTP/1.1\r\nHost: x\r\n\r\n";

	for (size_t i = 0; i < strlen(text); i++)
		EQ(parse_bytes(text, i), 0);
	EQ(parse(text), strlen(text));
	CHECK(head.request.head);
}

TEST(keep_alive)
{
	CHECK(parse("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") > 0 &&
	      !head.keep_alive);
	CHECK(parse("GET / HTTP/1.1\r\nHost: x\r\nConnection: te , Close\r\n\r\n") > 0 &&
	      !head.keep_alive);
	CHECK(parse("GET / HTTP/1.0\r\n\r\n") > 0 && !head.keep_alive && head.http10);
	CHECK(parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n") > 0 && head.keep_alive);
	CHECK(parse("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n") > 0 &&
	      !head.keep_alive);
}

TEST(targets)
{
	CHECK(parse("GET HTTPS://Host:8443/a?b HTTP/1.1\r\nHost: host:8443\r\n\r\n") > 0);
	CHECK(same(head.request.host, "Host:8443"));
	CHECK(same(head.request.path, "/a"));
	CHECK(same(head.request.query, "?b"));
	/* A target without a path. */
	CHECK(parse("GET https://x HTTP/1.1\r\nHost: x\r\n\r\n") > 0 &&
	      same(head.request.path, "/"));
	CHECK(parse("GET https://x?b/c HTTP/1.1\r\nHost: x\r\n\r\n") > 0 &&
	      same(head.request.path, "/"));
	CHECK(same(head.request.query, "?b/c"));
	CHECK(parse("OPTIONS https://x HTTP/1.1\r\nHost: x\r\n\r\n") > 0 && !head.request.path.at);
	/* Its host counts, whatever Host says; that must be valid all the same. */
	CHECK(parse("GET https://x:443/a HTTP/1.1\r\nHost: X\r\n\r\n") > 0);
	CHECK(parse("GET https://y/a HTTP/1.1\r\nHost: x\r\n\r\n") > 0 &&
	      same(head.request.host, "y"));
	CHECK(parse("GET https://x:1/a HTTP/1.1\r\nHost: x:2\r\n\r\n") > 0);
	CHECK(same(head.request.host, "x:1"));
	expect("GET https://y/a HTTP/1.1\r\nHost: x@y\r\n\r\n", -400);
	expect("GET https://y/a HTTP/1.1\r\n\r\n", -400);
	expect("GET https://?b HTTP/1.1\r\nHost: x\r\n\r\n", -400);
	expect("GET http://x/a HTTP/1.1\r\nHost: x\r\n\r\n", -400);
	expect("GET a HTTP/1.1\r\nHost: x\r\n\r\n", -400);
	expect("GET * HTTP/1.1\r\nHost: x\r\n\r\n", -400);
	expect("GET ftp://host/a HTTP/1.1\r\nHost: x\r\n\r\n", -400);
	expect("GET https://x@y/a HTTP/1.1\r\nHost: x@y\r\n\r\n", -400);
	expect("GET https://y/a HTTP/1.1\r\nHost:\r\n\r\n", -400);
	CHECK(parse("GET https://y/a HTTP/1.0\r\n\r\n") > 0 && same(head.request.host, "y"));
	expect("GET https://x@y/a HTTP/1.0\r\n\r\n", -400);
	expect("GET https:///a HTTP/1.1\r\nHost: x\r\n\r\n", -400);
	expect("GET  / HTTP/1.1\r\nHost: x\r\n\r\n", -400);
	expect("GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", -400);
}

TEST(methods)
{
	static const struct { const char *text; int status; } rows[] = {
		{ "POST / HTTP/1.1\r\nHost: x\r\n\r\n", 405 },
		{ "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 0 },
		{ "OPTIONS /a HTTP/1.1\r\nHost: x\r\n\r\n", 0 },
		{ "CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n", 405 },
		{ "BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501 },
		{ "get / HTTP/1.1\r\nHost: x\r\n\r\n", 501 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		EQ(parse(rows[i].text), strlen(rows[i].text));
		EQ(head.request.refused, rows[i].status);
	}
}

TEST(fields_that_come_once)
{
	expect("GET / HTTP/1.1\r\nHost: x\r\nRange: bytes=0-0\r\nRange: bytes=1-1\r\n\r\n", -400);
	expect("GET / HTTP/1.1\r\nHost: x\r\nIf-Range: \"a\"\r\nIf-Range: \"b\"\r\n\r\n", -400);
	expect("GET / HTTP/1.1\r\nHost: x\r\nIf-Modified-Since: a\r\nif-modified-since: a\r\n\r\n",
	       -400);
	expect("GET / HTTP/1.1\r\nHost: x\r\nIf-Unmodified-Since:\r\nIf-Unmodified-Since:\r\n\r\n",
	       -400);
}

/* Several lines of a field are one list; lines of two fields may alternate. */
TEST(fields_in_lines)
{
	const struct http_request *r = &head.request;
	char text[2048];
	int len;

	CHECK(parse("GET / HTTP/1.1\r\nIf-None-Match: \"a\"\r\nAccept: a/b\r\nHost: "
		    "x\r\nif-none-match: \"b\"\r\n"
		    "Accept:\r\nIf-None-Match: \"c\"\r\nUser-Agent: a\r\nUser-Agent: b\r\n\r\n") >
	      0);
	CHECK(same(r->if_none_match.line, "\"a\"") && same(r->if_none_match.next->line, "\"b\""));
	CHECK(same(r->if_none_match.next->next->line, "\"c\"") &&
	      !r->if_none_match.next->next->next);
	CHECK(same(r->accept.line, "a/b") && same(r->accept.next->line, "") &&
	      !r->accept.next->next);
	CHECK(!r->if_match.line.at && !r->accept_encoding.next && same(r->agent, "b"));
	CHECK(parse("GET / HTTP/1.1\r\nHost: x\r\nConnection: x\r\nConnection: "
		    "close\r\nConnection: y\r\n\r\n") > 0);
	CHECK(!head.keep_alive);
	for (int lines = HTTP_LINES_MAX + 1; lines <= HTTP_LINES_MAX + 2; lines++) {
		len = snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: x\r\n");
		for (int i = 0; i < lines; i++)
			len += snprintf(text + len, sizeof(text) - (size_t)len,
					"Accept-Encoding: gzip\r\n");
		snprintf(text + len, sizeof(text) - (size_t)len, "\r\n");
		EQ(parse(text) > 0, lines <= HTTP_LINES_MAX + 1);
	}
}

TEST(hosts)
{
	static const char *const good[] = {
		"x",	      "a.b-c.d", "a.b:1",	"a.b:",
		"[::1]:8443", "[::1]",	 "127.0.0.1:0", "xn--bcher-kva.example",
		"a_b",
	};
	static const char *const bad[] = {
		"a/b", "a b",  "a@b",	 "a\\b",    "a,b", "a:b", "a:1:2",
		":1",  "[::1", "[::1]x", "[::1]:x", "[]",  "a[",  "a\x80",
		"",    " ",    "\"a\"",	 "<a>",	    "a?b", "a#b", "a\tb",
	};
	char text[128];

	expect("GET / HTTP/1.1\r\n\r\n", -400);
	expect("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", -400);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", good[i]);
		CHECK(parse(text) > 0 && same(head.request.host, good[i]));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", bad[i]);
		expect(text, -400);
	}
}

TEST(bodies)
{
	CHECK(parse("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\n") > 0);
	EQ(head.body, 12);
	CHECK(head.keep_alive);
	CHECK(parse("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: "
		    "100-continue\r\n\r\n") > 0);
	CHECK(!head.keep_alive);
	CHECK(parse("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n") > 0);
	CHECK(head.endless && !head.keep_alive);
	expect("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", -413);
}

TEST(smuggling)
{
	static const char *const rows[] = {
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x1\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1 2\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551617\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length : 1\r\n\r\n",
		"GET / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n folded: c\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n",
		"GET / HTTP/1.1\nHost: x\n\n",
		"GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nA\x01: b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect(rows[i], -400);
	expect("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
	       "Transfer-Encoding: chunked\r\n\r\n", -400);
	expect("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
	       "Transfer-Encoding: chunked\r\n\r\n", -400);
	expect("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", -501);
	expect("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n", -501);
	EQ(parse_bytes("GET / HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n", 33), -400);
}

TEST(versions)
{
	expect("GET / HTTP/2.0\r\nHost: x\r\n\r\n", -505);
	expect("PRI * HTTP/2.0\r\n\r\n", -505);
	expect("GET / HTTP/0.9\r\n\r\n", -505);
	expect("GET / HTTP/1.10\r\nHost: x\r\n\r\n", -400);
	expect("GET / HTTX/1.1\r\nHost: x\r\n\r\n", -400);
	expect("GET /\r\n\r\n", -400);
	expect("x\r\n\r\n", -400);
}

TEST(limits)
{
	static char text[HTTP_HEAD_LIMIT + 1];
	int len;

	memset(text, 'a', sizeof(text));
	memcpy(text, "GET /", 5);	/* NOLINT: the text goes on */
	EQ(parse_bytes(text, HTTP_TARGET_LIMIT), 0);
	EQ(parse_bytes(text, HTTP_TARGET_LIMIT + 100), -414);
	memcpy(text, "GET / HTTP/1.1\r\nHost: x\r\nA: ", 28);	/* NOLINT */
	EQ(parse_bytes(text, HTTP_HEAD_LIMIT - 1), 0);
	EQ(parse_bytes(text, HTTP_HEAD_LIMIT), -431);
	len = sprintf(text, "GET / HTTP/1.1\r\nHost: x\r\n");
	for (int i = 0; i < HTTP_FIELDS_LIMIT; i++)
		len += sprintf(text + len, "A: b\r\n");
	sprintf(text + len, "\r\n");
	EQ(parse(text), -431);
}
