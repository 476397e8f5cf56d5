// SPDX-License-Identifier: MIT
#include "tests/ktap.h"
#include "tools/http/accept.h"

static struct http_text text(const char *value)
{
	return (struct http_text){ value, strlen(value) };
}

TEST(weights)
{
	static const struct { const char *field; int weight;
	} rows[] = {
		{ "text/html", 1000 },
		{ "TEXT/HTML", 1000 },
		{ "a/b, text/html;q=0.5 , c/d", 500 },
		{ "text/html;q=0", 0 },
		{ "text/html ; level=1 ; Q=0.123", 123 },
		{ "text/html;q=1.000", 1000 },
		{ "text/html;q=1.001", 0 },
		{ "text/html;q=2", 0 },
		{ "text/html;q=", 0 },
		{ "text/html;q=.5", 0 },
		{ "text/html;q=0.1234", 0 },
		{ "text/html;q=0.x", 0 },
		{ "text/html;q=-1", 0 },
		{ "", -1 },
		{ ",,;,", -1 },
		{ "text/htmlx", -1 },
		{ "text/htm", -1 },
		{ "text", -1 },
		{ "*/*;q=0.1, text/*;q=0.2", 200 },
		{ "*/*;q=0.1", 100 },
		{ "*/*;q=0.9, text/html;q=0.3, text/*", 300 },
	};
	static const char *const names[] = { "text/html", "text/*", "*/*", NULL };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_list field = { text(rows[i].field), NULL };
		int got = http_accept(&field, names);

		if (got != rows[i].weight)
			FAIL("%s: %d instead of %d", rows[i].field, got, rows[i].weight);
	}
}

TEST(encodings)
{
	static const struct { const char *field, *chosen; } rows[] = {
		{ NULL, "" }, { "", "" }, { "identity", "" }, { "deflate", "" },
		{ "gzip, deflate, br, zstd", "br zstd gzip" },
		{ "gzip", "gzip" }, { "GZIP", "gzip" }, { "*", "br zstd gzip" },
		{ "gzip;q=1, br;q=0.5", "gzip br" }, { "br;q=0, *", "zstd gzip" },
		{ "zstd;q=0.3,gzip;q=0.3,br;q=0.2", "zstd gzip br" },
		{ "identity;q=0.5, gzip;q=0.4, br;q=0.5", "br" }, { "identity, gzip;q=0.9", "" },
		{ "gzip;q=0", "" }, { "*;q=0", "" }, { "identity;q=0, *;q=0.1", "br zstd gzip" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct http_list field = { rows[i].field ? text(rows[i].field) :
							   (struct http_text){ 0 },
					   NULL };
		const struct http_encoding *chosen[HTTP_ENCODINGS + 1];
		char list[64] = "";

		http_accept_encoding(&field, chosen);
		for (size_t j = 0; chosen[j]; j++)
			sprintf(list + strlen(list), "%s%s", j ? " " : "", chosen[j]->name);
		if (strcmp(list, rows[i].chosen))
			FAIL("%s: %s instead of %s", rows[i].field, list, rows[i].chosen);
	}
}

/* Several lines of a field are one list, in their order. */
TEST(lines)
{
	static const char *const names[] = { "text/html", "text/*", NULL };
	struct http_list third = { text("text/html;q=0.3, */*"), NULL },
			 second = { text("text/html;q=0.2"), &third };
	struct http_list first = { text("text/*;q=0.1"), &second };
	struct http_list more = { text("gzip;q=0.5"), NULL },
			 encodings = { text("br;q=0.4, identity;q=0.1"), &more };
	const struct http_encoding *chosen[HTTP_ENCODINGS + 1];

	EQ(http_accept(&first, names), 200);
	second.line = text("");
	EQ(http_accept(&first, names), 300);
	first.next = NULL;
	EQ(http_accept(&first, names), 100);
	http_accept_encoding(&encodings, chosen);
	EQ_STR(chosen[0]->name, "gzip");
	EQ_STR(chosen[1]->name, "br");
	CHECK(!chosen[2]);
	more.line = text("identity");
	http_accept_encoding(&encodings, chosen);
	EQ_STR(chosen[0]->name, "br");
	CHECK(!chosen[1]);
}
