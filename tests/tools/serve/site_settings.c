// SPDX-License-Identifier: MIT
#include "tests/ktap.h"
#include "tools/serve/site/settings.h"

static const char *why;

TEST(rules_that_are_none)
{
	static const struct {
		int (*add)(struct site_rules *rules, const char *text, const char **why);
		const char *text;
	} rows[] = {
		{ site_rules_add_pattern, "" },
		{ site_rules_add_pattern, "no-cache" },
		{ site_rules_add_pattern, "=no-cache" },
		{ site_rules_add_pattern, "*=" },
		{ site_rules_add_pattern, "*=a\r\nSet-Cookie: b" },
		{ site_rules_add_pattern, "*=\xc3\xbc" },
		{ site_rules_add_type, "html" },
		{ site_rules_add_type, "html=text" },
		{ site_rules_add_type, "=text/html" },
		{ site_rules_add_type, "html=text/html\n" },
		{ site_rules_add_error_page, "404" },
		{ site_rules_add_error_page, "404=" },
		{ site_rules_add_error_page, "404=/" },
		{ site_rules_add_error_page, "4040=/a" },
		{ site_rules_add_error_page, "200=/a" },
		{ site_rules_add_error_page, "4x4=/a" },
		{ site_rules_set_index, "a/b" },
	};
	struct site_rules rules = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		why = NULL;
		if (rows[i].add(&rules, rows[i].text, &why) != -EINVAL || !why)
			FAIL("%s is taken", rows[i].text);
	}
	EQ(rules.count, 0);
}

TEST(patterns)
{
	static const struct { const char *path, *value; } rows[] = {
		{ "a.css", "css" }, { "x/y/a.css", "css" }, { "a.css/b", NULL }, { "A.CSS", NULL },
		{ "assets/a.css", "assets" }, { "assets/x/y", "assets" }, { "x/assets/y", NULL },
		{ "a1.js", "digit" }, { "ab.js", NULL },
	};
	struct site_rules rules = { 0 };

	EQ(site_rules_add_pattern(&rules, "/assets/*=assets", &why), 0);
	EQ(site_rules_add_pattern(&rules, "*.css=css", &why), 0);
	EQ(site_rules_add_pattern(&rules, "a[0-9].js=digit", &why), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *got = site_rules_match(&rules, rows[i].path);

		if (!got != !rows[i].value || (got && strcmp(got, rows[i].value)))
			FAIL("%s: %s", rows[i].path, got ? got : "none");
	}
	site_rules_free(&rules);
}

TEST(what_rules_hold)
{
	struct site_settings settings = { 0 };

	EQ(site_rules_set_index(&settings.index, "a.html, b.html", &why), 0);
	EQ(site_rules_add_error_page(&settings.error_pages, "404=//errors/404.html", &why), 0);
	EQ(site_rules_add_type(&settings.types, ".mjs=text/javascript", &why), 0);
	EQ(settings.index.count, 2);
	EQ_STR(settings.index.rows[1].key, "b.html");
	EQ_STR(site_rules_find(&settings.error_pages, "404"), "errors/404.html");
	EQ_STR(site_rules_find(&settings.types, "MJS"), "text/javascript; charset=utf-8");
	CHECK(!site_rules_find(&settings.types, "js"));
	EQ(site_rules_set_index(&settings.index, "", &why), 0);
	EQ(settings.index.count, 0);
	site_settings_free(&settings);
}
