// SPDX-License-Identifier: MIT
#include "tests/ktap.h"
#include "tools/get/url.h"

TEST(parts)
{
	static const struct {
		const char *text, *host, *port, *authority, *target, *name;
	} rows[] = {
		{ "https://example.org", "example.org", "443", "example.org", "/", "" },
		{ "HTTPS://Example.ORG:443/a/b.txt", "example.org", "443", "example.org",
		  "/a/b.txt", "b.txt" },
		{ "https://h:8443/a?b=c/d#e/f", "h", "8443", "h:8443", "/a?b=c/d", "a" },
		{ "https://h?q", "h", "443", "h", "/?q", "" },
		{ "https://h/#f", "h", "443", "h", "/", "" },
		{ "https://h:/x", "h", "443", "h", "/x", "x" },
		{ "https://[2001:db8::1]:1/x", "2001:db8::1", "1", "[2001:db8::1]:1", "/x", "x" },
		{ "https://192.0.2.1/two%20words", "192.0.2.1", "443", "192.0.2.1", "/two%20words",
		  "two words" },
		{ "https://h/a//", "h", "443", "h", "/a//", "" },
		/* Names that would leave the folder or send control characters to a terminal. */
		{ "https://h/%2e%2e", "h", "443", "h", "/%2e%2e", "" },
		{ "https://h/..", "h", "443", "h", "/..", "" },
		{ "https://h/a%2fb", "h", "443", "h", "/a%2fb", "" },
		{ "https://h/a%00b", "h", "443", "h", "/a%00b", "" },
		{ "https://h/a%1bb", "h", "443", "h", "/a%1bb", "" },
	};
	const char *why;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct url url;

		EQ(url_parse(&url, rows[i].text, &why), 0);
		EQ_STR(url.host, rows[i].host);
		EQ_STR(url.port, rows[i].port);
		EQ_STR(url.authority, rows[i].authority);
		EQ_STR(url.target, rows[i].target);
		EQ_STR(url.name, rows[i].name);
		url_free(&url);
	}
}

TEST(refused)
{
	static const char *const rows[] = {
		"",
		"/",
		"file",
		"example.org/file",
		"//example.org/file",
		"http://example.org/",
		"ftp://h/",
		"file:///etc/passwd",
		"https:",
		"https:/h",
		"https://",
		"https:///file",
		"https://:443/",
		"https://user@h/",
		"https://user:word@h/",
		"https://h:0/",
		"https://h:65536/",
		"https://h:x/",
		"https://h:99999999999999999999/",
		"https://h/a b",
		"https://h/a\r\nX: y",
		"https://h/\xc3\xbc",
		"https://[::1/",
		"https://h/%zz",
		"https://h/\x7f",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *why = NULL;
		struct url url;

		printf("# %zu\n", i);
		EQ(url_parse(&url, rows[i], &why), -EINVAL);
		CHECK(why && *why);
		CHECK(!url.text && !url.host);
	}
}

TEST(zones)
{
	static const struct { const char *text, *zone;
	} rows[] = {
		{ "https://[fe80::1%25eth0]:8443/a#b", "eth0" },
		{ "https://[fe80::1%eth0.1]:8443/a", "eth0.1" },
		{ "https://[fe80::1%25]:8443/a", "25" },
		{ "https://[fe80::1]:8443/a%25b", "" },
	};
	struct url url, next;
	const char *why;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		EQ(url_parse(&url, rows[i].text, &why), 0);
		EQ_STR(url.host, "fe80::1");
		EQ_STR(url.zone, rows[i].zone);
		EQ_STR(url.authority, "[fe80::1]:8443");
		/* The server redirects to the address that it knows, or to another. */
		EQ(url_resolve(&next, &url, "https://[fe80::1]/c", &why), 0);
		EQ_STR(next.zone, rows[i].zone);
		url_free(&next);
		EQ(url_resolve(&next, &url, "https://[fe80::2]/c", &why), 0);
		EQ_STR(next.zone, "");
		url_free(&next);
		EQ(url_resolve(&next, &url, "c", &why), 0);
		EQ_STR(next.zone, rows[i].zone);
		url_free(&next);
		url_free(&url);
	}
	EQ(url_parse(&url, "https://[fe80::1%25a\"b]/", &why), -EINVAL);
}

TEST(references)
{
	static const struct { const char *reference, *text; } rows[] = {
		{ "c", "https://h:1/a/c" },
		{ "../c", "https://h:1/c" },
		{ "../../../c", "https://h:1/c" },
		{ "./c/./d/../e", "https://h:1/a/c/e" },
		{ "/c?d", "https://h:1/c?d" },
		{ "?d", "https://h:1/a/b?d" },
		{ "//g/c", "https://g/c" },
		{ "https://g:2/c#d", "https://g:2/c" },
		{ "#d", "https://h:1/a/b?q" },
		{ "", "https://h:1/a/b?q" },
	};
	const char *why;
	struct url base, url;

	EQ(url_parse(&base, "https://h:1/a/b?q", &why), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		EQ(url_resolve(&url, &base, rows[i].reference, &why), 0);
		EQ_STR(url.text, rows[i].text);
		url_free(&url);
	}
	EQ(url_resolve(&url, &base, "http://h/", &why), -EINVAL);
	EQ_STR(why, "only https:// is fetched");
	EQ(url_resolve(&url, &base, "a b", &why), -EINVAL);
	url_free(&base);
}
