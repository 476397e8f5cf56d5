// SPDX-License-Identifier: MIT
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/common/clock.h"
#include "tools/http/path.h"
#include "tools/serve/site/listing.h"

/* JSON must be UTF-8, names need not be: other bytes become '?', and href has the true name. */
static json_t *json_name(const char *name)
{
	json_t *text = json_string(name);
	char *copy;

	if (text || !(copy = strdup(name)))
		return text;
	for (char *at = copy; *at; at++)
		if (*at < 0)
			*at = '?';
	text = json_string(copy);
	free(copy);
	return text;
}

static json_t *json_entry(const struct listing_entry *entry)
{
	char href[3 * 256 + 2], when[CLOCK_ISO];
	size_t len = http_path_encode(entry->name, href, sizeof(href) - 1);

	href[len] = '\0';
	if (entry->folder)
		strcat(href, "/");
	clock_iso(entry->modified, when);
	if (entry->folder)
		return json_pack("{so, ss, ss, ss}", "name", json_name(entry->name), "href",
				 href + 1, "type", "directory", "modified", when);
	return json_pack("{so, ss, ss, sI, ss}", "name", json_name(entry->name), "href", href + 1,
			 "type", "file", "size", (json_int_t)entry->size, "modified", when);
}

static int json_put(FILE *out, json_t *value)
{
	int ret = value ? json_dumpf(value, out, JSON_ENCODE_ANY | JSON_COMPACT) : -1;

	json_decref(value);
	return ret;
}

static int json_write(FILE *out, const struct listing *listing, const char *path)
{
	char whole[HTTP_PATH_MAX + 1] = "/";
	int ret;

	strcpy(whole + 1, path);
	fputs("{\"path\":", out);
	ret = json_put(out, json_name(whole));
	fprintf(out, ",\"cut\":%s,\"entries\":[", listing->cut ? "true" : "false");
	/* One by one: all entries as objects of jansson's would take ten times the memory. */
	for (size_t i = 0; !ret && i < listing->count; i++) {
		fputs(i ? ",\n" : "\n", out);
		ret = json_put(out, json_entry(&listing->entries[i]));
	}
	fputs("\n]}\n", out);
	return ret;
}

char *listing_json(const struct listing *listing, const char *path, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);
	int ret;

	if (!out)
		return NULL;
	ret = json_write(out, listing, path);
	if (!fclose(out) && !ret)
		return text;
	free(text);
	return NULL;
}
