// SPDX-License-Identifier: MIT
#include "tests/ktap.h"
#include "tools/http/path.h"

static int decode(const char *raw, char *out)
{
	return http_path_decode(raw, strlen(raw), HTTP_PATH_HIDE_DOTS, out);
}

TEST(paths_are_decoded)
{
	static const struct { const char *raw, *path; } rows[] = {
		{ "/", "" },
		{ "//", "" },
		{ "/a", "a" },
		{ "/a/", "a/" },
		{ "//a///b", "a/b" },
		{ "/a%20b", "a b" },
		{ "/%c3%BC.txt", "\xc3\xbc.txt" },
		{ "/a.b/c..d/e.", "a.b/c..d/e." },
		{ "/%25", "%" },
		{ "/a+b", "a+b" },
		{ "/%2525", "%25" },
		{ "/.well-known/acme-challenge/x", ".well-known/acme-challenge/x" },
		{ "/%2ewell-known/", ".well-known/" },
		{ "/.", "" },
		{ "/./", "" },
		{ "/./a", "a" },
		{ "/a/.", "a/" },
		{ "/a/./b", "a/b" },
		{ "/a/%2E/b", "a/b" },
		{ "/a/../b", "b" },
		{ "/a/b/..", "a/" },
		{ "/a/b/../", "a/" },
		{ "/a/b/../../c", "c" },
		{ "/..", "" },
		{ "/../a", "a" },
		{ "/../../etc/passwd", "etc/passwd" },
		{ "/a/../../b", "b" },
		{ "/%2e%2e/b", "b" },
		{ "/.%2e/b", "b" },
		{ "/a//../b", "b" },
		{ "/.git/../b", "b" },
		{ "/.well-known/../b", "b" },
		{ "/a/.../b..", NULL },
		{ "/a/b.../..c.", NULL },
	};
	char out[HTTP_PATH_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int status = decode(rows[i].raw, out);

		if (status != (rows[i].path ? 0 : 404) ||
		    (rows[i].path && strcmp(out, rows[i].path)))
			FAIL("%s gives %d and %s", rows[i].raw, status, out);
	}
}

TEST(hidden_names_are_not_found)
{
	static const char *const rows[] = {
		"/.git/config", "/a/../.git/config", "/./.git",
		"/.../b",	"/..b/../.c",	     "/a//.b",
		"/a%2fb",	"/a/.well-known/b",  "/.well-known/.b",
		"/.well-known", "/.well-knownx/b",   "/a%2F..%2Fb",
		"/..%2fb",
	};
	char out[HTTP_PATH_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (decode(rows[i], out) != 404)
			FAIL("%s is not 404", rows[i]);
}

TEST(hidden_names_can_be_shown)
{
	char out[HTTP_PATH_MAX];

	EQ(http_path_decode("/.a/.b..", 8, HTTP_PATH_SHOW_DOTS, out), 0);
	EQ_STR(out, ".a/.b..");
	EQ(http_path_decode("/..a", 4, HTTP_PATH_SHOW_DOTS, out), 0);
	EQ(http_path_decode("/.a/../b", 8, HTTP_PATH_SHOW_DOTS, out), 0);
	EQ_STR(out, "b");
	EQ(http_path_decode("/a/%2e", 6, HTTP_PATH_SHOW_DOTS, out), 0);
	EQ_STR(out, "a/");
	EQ(http_path_decode("/..", 3, HTTP_PATH_SHOW_DOTS, out), 0);
	EQ_STR(out, "");
}

TEST(what_is_no_path_is_refused)
{
	static const char *const rows[] = {
		"", "a", "*", "/%", "/%4", "/%4g", "/%zz", "/a%00b", "/a#b", "/.a/%00", "/%00",
	};
	char out[HTTP_PATH_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (decode(rows[i], out) != 400)
			FAIL("%s is not 400", rows[i]);
}

TEST(long_paths_are_not_found)
{
	char raw[HTTP_PATH_MAX + 2], out[HTTP_PATH_MAX];

	memset(raw, 'a', sizeof(raw));
	raw[0] = '/';
	EQ(http_path_decode(raw, HTTP_PATH_MAX, HTTP_PATH_HIDE_DOTS, out), 0);
	EQ(strlen(out), HTTP_PATH_MAX - 1);
	EQ(http_path_decode(raw, HTTP_PATH_MAX + 1, HTTP_PATH_HIDE_DOTS, out), 404);
}

TEST(encoding_is_the_reverse)
{
	static const char *const rows[] = { "", "a", "a b/c", "\xc3\xbc", "x?y#z%\\", "a\nb" };
	char raw[256], out[HTTP_PATH_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = http_path_encode(rows[i], raw, sizeof(raw));

		CHECK(len > 0 && raw[0] == '/');
		for (size_t j = 0; j < len; j++)
			CHECK(raw[j] > ' ' && raw[j] < 0x7f && raw[j] != '\\' && raw[j] != '?');
		EQ(http_path_decode(raw, len, HTTP_PATH_HIDE_DOTS, out), 0);
		EQ_STR(out, rows[i]);
	}
	EQ(http_path_encode("abcdef", raw, 4), 0);
}
