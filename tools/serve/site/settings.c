// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "tools/serve/site/mime.h"
#include "tools/serve/site/settings.h"

/* ---- lists ---- */

static int rules_add(struct site_rules *rules, const char *key, size_t key_len, const char *value)
{
	struct site_rule *row, *larger = realloc(rules->rows, (rules->count + 1) * sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	rules->rows = larger;
	row = &larger[rules->count];
	row->key = strndup(key, key_len);
	row->value = strdup(value);
	if (!row->key || !row->value) {
		free(row->key);
		free(row->value);
		return -ENOMEM;
	}
	rules->count++;
	return 0;
}

static void rules_free(struct site_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		free(rules->rows[i].key);
		free(rules->rows[i].value);
	}
	free(rules->rows);
	*rules = (struct site_rules){ 0 };
}

const char *site_settings_match(const struct site_rules *rules, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < rules->count; i++) {
		const char *pattern = rules->rows[i].key;
		bool whole = strchr(pattern, '/');

		if (*pattern == '/')
			pattern++;
		if (!fnmatch(pattern, whole ? path : name, 0))
			return rules->rows[i].value;
	}
	return NULL;
}

const char *site_settings_find(const struct site_rules *rules, const char *key)
{
	for (size_t i = 0; i < rules->count; i++)
		if (!strcasecmp(rules->rows[i].key, key))
			return rules->rows[i].value;
	return NULL;
}

/* ---- values ---- */

/* Is the value fit for a field of a response, which it must not end? */
static bool value_is_field(const char *value)
{
	for (const unsigned char *at = (const unsigned char *)value; *at; at++)
		if (*at < ' ' || *at > '~')
			return false;
	return *value && *value != ' ';
}

static int value_pair(struct site_rules *rules, const char *text, const char **why)
{
	const char *equal = text ? strchr(text, '=') : NULL;

	*why = "give PATTERN=VALUE, such as '*.css=max-age=3600'";
	if (!equal || equal == text || !value_is_field(equal + 1))
		return -EINVAL;
	return rules_add(rules, text, (size_t)(equal - text), equal + 1);
}

static int value_type(struct site_rules *rules, const char *text, const char **why)
{
	const char *equal = text ? strchr(text, '=') : NULL;
	char *type;
	int ret;

	*why = "give EXTENSION=TYPE, such as mjs=text/javascript";
	if (!equal || equal == text || !strchr(equal, '/') || !value_is_field(equal + 1))
		return -EINVAL;
	if (*text == '.')
		text++;
	type = mime_complete(equal + 1);
	ret = type ? rules_add(rules, text, (size_t)(equal - text), type) : -ENOMEM;
	free(type);
	return ret;
}

static int value_error_page(struct site_rules *rules, const char *text, const char **why)
{
	const char *path;

	*why = "give STATUS=PATH, such as 404=/errors/404.html";
	if (!text || strlen(text) < 5 || strspn(text, "0123456789") != 3 || text[3] != '=' ||
	    (*text != '4' && *text != '5'))
		return -EINVAL;
	path = text + 4 + strspn(text + 4, "/");
	return *path ? rules_add(rules, text, 3, path) : -EINVAL;
}

/* An empty value: folders have no index. */
static int value_index(struct site_rules *rules, const char *text, const char **why)
{
	int ret = 0;

	*why = "give names of files, divided by commas";
	if (!text || strchr(text, '/'))
		return -EINVAL;
	rules_free(rules);
	while (*text && !ret) {
		size_t len = strcspn(text, ", ");

		if (len)
			ret = rules_add(rules, text, len, "");
		text += len;
		text += strspn(text, ", ");
	}
	return ret;
}

static int value_switch(bool *out, const char *text, const char **why)
{
	static const char *const words[] = { "off", "on", "no", "yes", "false", "true", "0", "1" };

	*why = "give on or off";
	*out = true;
	if (!text)
		return 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i]))
			continue;
		*out = i & 1;
		return 0;
	}
	return -EINVAL;
}

/* ---- settings ---- */

static const struct {
	const char *name;
	size_t at;	/* in struct site_settings */
	/* NULL: a switch. */
	int (*list)(struct site_rules *rules, const char *text, const char **why);
} settings_table[] = {
	{ "listing", offsetof(struct site_settings, listing), NULL },
	{ "hidden", offsetof(struct site_settings, hidden), NULL },
	{ "precompressed", offsetof(struct site_settings, precompressed), NULL },
	{ "index", offsetof(struct site_settings, index), value_index },
	{ "cache-control", offsetof(struct site_settings, cache_control), value_pair },
	{ "type", offsetof(struct site_settings, types), value_type },
	{ "error-page", offsetof(struct site_settings, error_pages), value_error_page },
};
#define SETTINGS (sizeof(settings_table) / sizeof(settings_table[0]))

int site_settings_init(struct site_settings *out)
{
	*out = (struct site_settings){ 0 };
	return rules_add(&out->index, "index.html", strlen("index.html"), "");
}

void site_settings_free(struct site_settings *settings)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (settings_table[i].list)
			rules_free((struct site_rules *)((char *)settings + settings_table[i].at));
}

int site_settings_set(struct site_settings *settings, const char *name, const char *value,
		      const char **why)
{
	int ret = -ENOENT;

	*why = "there is no such setting";
	for (size_t i = 0; i < SETTINGS && ret == -ENOENT; i++) {
		void *at = (char *)settings + settings_table[i].at;

		if (strcmp(settings_table[i].name, name))
			continue;
		ret = settings_table[i].list ? settings_table[i].list(at, value, why) :
					       value_switch(at, value, why);
	}
	if (ret == -ENOMEM)
		*why = "out of memory";
	return ret;
}

/* Tell one list: the index in one go, other lists line by line. */
static void settings_list(const char *name, const struct site_rules *rules,
			  void (*each)(const char *name, const char *value, void *user), void *user)
{
	bool index = !strcmp(name, "index");
	char *text = NULL;
	size_t len;
	FILE *stream;

	for (size_t i = 0; i < rules->count && !index; i++) {
		if (asprintf(&text, "%s=%s", rules->rows[i].key, rules->rows[i].value) < 0)
			return;
		each(name, text, user);
		free(text);
	}
	stream = index ? open_memstream(&text, &len) : NULL;
	if (!stream)
		return;
	for (size_t i = 0; i < rules->count; i++)
		fprintf(stream, "%s%s", i ? "," : "", rules->rows[i].key);
	if (!fclose(stream))
		each(name, text, user);
	free(text);
}

void site_settings_each(const struct site_settings *settings,
			void (*each)(const char *name, const char *value, void *user), void *user)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		const void *at = (const char *)settings + settings_table[i].at;

		if (settings_table[i].list)
			settings_list(settings_table[i].name, at, each, user);
		else
			each(settings_table[i].name, *(const bool *)at ? "on" : "off", user);
	}
}
