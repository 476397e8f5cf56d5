// SPDX-License-Identifier: MIT
#include <jansson.h>
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

char *listing_json(const struct listing *listing, const char *path, size_t *len)
{
	char whole[HTTP_PATH_MAX + 1];
	json_t *entries = json_array(), *root;
	char *text = NULL;

	for (size_t i = 0; i < listing->count; i++)
		json_array_append_new(entries, json_entry(&listing->entries[i]));
	whole[0] = '/';
	strcpy(whole + 1, path);
	root = json_pack("{so, sb, so}", "path", json_name(whole), "cut", listing->cut, "entries",
			 entries);
	if (root && json_array_size(entries) == listing->count)
		text = json_dumps(root, JSON_INDENT(1));
	json_decref(root);
	*len = text ? strlen(text) : 0;
	return text;
}
