// SPDX-License-Identifier: MIT
#include "tests/ktap.h"
#include "tools/serve/site/settings.h"

static struct site_settings settings;

static int set(const char *name, const char *value)
{
	const char *why = NULL;
	int ret = site_settings_set(&settings, name, value, &why);

	if (ret)
		CHECK(why);
	return ret;
}

TEST(switches)
{
	EQ(site_settings_init(&settings), 0);
	CHECK(!settings.hidden);
	EQ(set("hidden", NULL), 0);
	CHECK(settings.hidden);
	EQ(set("hidden", "Off"), 0);
	CHECK(!settings.hidden);
	EQ(set("listing", "yes"), 0);
	CHECK(settings.listing);
	EQ(set("listing", ""), -EINVAL);
	EQ(set("listing", "maybe"), -EINVAL);
	site_settings_free(&settings);
}

TEST(values_that_are_none)
{
	static const char *const rows[][2] = {
		{ "cache-control", NULL }, { "cache-control", "no-cache" }, { "cache-control", "=no-cache" },
		{ "cache-control", "*=" }, { "cache-control", "*=a\r\nSet-Cookie: b" }, { "cache-control", "*=\xc3\xbc" },
		{ "type", "html" }, { "type", "html=text" }, { "type", "=text/html" }, { "type", "html=text/html\n" },
		{ "error-page", "404" }, { "error-page", "404=" }, { "error-page", "404=/" },
		{ "error-page", "4040=/a" }, { "error-page", "200=/a" }, { "error-page", "4x4=/a" },
		{ "index", NULL }, { "index", "a/b" },
	};

	EQ(site_settings_init(&settings), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (set(rows[i][0], rows[i][1]) != -EINVAL)
			FAIL("%s %s is taken", rows[i][0], rows[i][1] ? rows[i][1] : "");
	EQ(set("nothing", "on"), -ENOENT);
	site_settings_free(&settings);
}

TEST(patterns)
{
	static const struct { const char *path, *value; } rows[] = {
		{ "a.css", "css" }, { "x/y/a.css", "css" }, { "a.css/b", NULL }, { "A.CSS", NULL },
		{ "assets/a.css", "assets" }, { "assets/x/y", "assets" }, { "x/assets/y", NULL },
		{ "a1.js", "digit" }, { "ab.js", NULL },
	};

	EQ(site_settings_init(&settings), 0);
	EQ(set("cache-control", "/assets/*=assets"), 0);
	EQ(set("cache-control", "*.css=css"), 0);
	EQ(set("cache-control", "a[0-9].js=digit"), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *got = site_settings_match(&settings.cache_control, rows[i].path);

		if (!got != !rows[i].value || (got && strcmp(got, rows[i].value)))
			FAIL("%s: %s", rows[i].path, got ? got : "none");
	}
	site_settings_free(&settings);
}

static struct site_settings copy;

static void take(const char *name, const char *value, void *user)
{
	const char *why;
	int *count = user;

	++*count;
	EQ(site_settings_set(&copy, name, value, &why), 0);
}

TEST(what_is_set_can_be_set_again)
{
	int count = 0;

	EQ(site_settings_init(&settings), 0);
	EQ(site_settings_init(&copy), 0);
	EQ(set("index", "a.html, b.html"), 0);
	EQ(set("cache-control", "*.css=max-age=1, public"), 0);
	EQ(set("error-page", "404=//errors/404.html"), 0);
	EQ(set("type", "mjs=text/javascript"), 0);
	EQ(set("hidden", "on"), 0);
	site_settings_each(&settings, take, &count);
	EQ(count, 7);
	EQ(copy.index.count, 2);
	EQ_STR(copy.index.rows[1].key, "b.html");
	EQ_STR(copy.cache_control.rows[0].value, "max-age=1, public");
	EQ_STR(site_settings_find(&copy.error_pages, "404"), "errors/404.html");
	EQ_STR(site_settings_find(&copy.types, "MJS"), "text/javascript; charset=utf-8");
	CHECK(copy.hidden && !copy.listing);
	site_settings_free(&settings);
	site_settings_free(&copy);
}
