// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fnmatch.h>
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

void site_rules_free(struct site_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		free(rules->rows[i].key);
		free(rules->rows[i].value);
	}
	free(rules->rows);
	*rules = (struct site_rules){ 0 };
}

const char *site_rules_match(const struct site_rules *rules, const char *path)
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

const char *site_rules_find(const struct site_rules *rules, const char *key)
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

int site_rules_add_pattern(struct site_rules *rules, const char *text, const char **why)
{
	const char *equal = strchr(text, '=');

	*why = "give PATTERN=VALUE, such as '*.css=max-age=3600'";
	if (!equal || equal == text || !value_is_field(equal + 1))
		return -EINVAL;
	return rules_add(rules, text, (size_t)(equal - text), equal + 1);
}

int site_rules_add_type(struct site_rules *rules, const char *text, const char **why)
{
	const char *equal = strchr(text, '=');
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

int site_rules_add_error_page(struct site_rules *rules, const char *text, const char **why)
{
	const char *path;

	*why = "give STATUS=PATH, such as 404=/errors/404.html";
	if (strlen(text) < 5 || strspn(text, "0123456789") != 3 || text[3] != '=' ||
	    (*text != '4' && *text != '5'))
		return -EINVAL;
	path = text + 4 + strspn(text + 4, "/");
	return *path ? rules_add(rules, text, 3, path) : -EINVAL;
}

int site_rules_set_index(struct site_rules *rules, const char *text, const char **why)
{
	int ret = 0;

	*why = "give names of files, divided by commas";
	if (strchr(text, '/'))
		return -EINVAL;
	site_rules_free(rules);
	while (*text && !ret) {
		size_t len = strcspn(text, ", ");

		if (len)
			ret = rules_add(rules, text, len, "");
		text += len;
		text += strspn(text, ", ");
	}
	return ret;
}

void site_settings_free(struct site_settings *settings)
{
	site_rules_free(&settings->index);
	site_rules_free(&settings->cache_control);
	site_rules_free(&settings->types);
	site_rules_free(&settings->error_pages);
}
