// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "tools/serve/site/mime.h"

struct mime_entry {
	char *extension, *type;	/* owned */
	size_t order;		/* the first line of the file that has the extension counts */
};

struct mime {
	struct mime_entry *entries;
	size_t count, room;
};

static int mime_compare(const void *a, const void *b)
{
	const struct mime_entry *left = a, *right = b;
	int order = strcasecmp(left->extension, right->extension);

	if (order)
		return order;
	return left->order < right->order ? -1 : left->order > right->order;
}

static int mime_find(const void *extension, const void *entry)
{
	return strcasecmp(extension, ((const struct mime_entry *)entry)->extension);
}

char *mime_complete(const char *type)
{
	bool bare = !strncmp(type, "text/", 5) && !strchr(type, ';');
	char *whole;

	return asprintf(&whole, "%s%s", type, bare ? "; charset=utf-8" : "") < 0 ? NULL : whole;
}

static int mime_add(struct mime *mime, const char *extension, const char *type)
{
	struct mime_entry *entry;

	if (mime->count == mime->room) {
		size_t room = mime->room ? 2 * mime->room : 1024;
		void *larger = realloc(mime->entries, room * sizeof(*entry));

		if (!larger)
			return -ENOMEM;
		mime->entries = larger;
		mime->room = room;
	}
	entry = &mime->entries[mime->count];
	entry->order = mime->count;
	entry->extension = strdup(extension);
	if (!entry->extension)
		return -ENOMEM;
	entry->type = mime_complete(type);
	if (!entry->type) {
		free(entry->extension);
		return -ENOMEM;
	}
	mime->count++;
	return 0;
}

static int mime_line(struct mime *mime, char *line)
{
	static const char blanks[] = " \t\r\n";
	char *state, *type, *extension;
	int ret = 0;

	if (*line == '#')
		return 0;
	type = strtok_r(line, blanks, &state);
	while (type && !ret && (extension = strtok_r(NULL, blanks, &state)))
		ret = mime_add(mime, extension, type);
	return ret;
}

/* Keep the first of several entries for an extension. */
static void mime_sort(struct mime *mime)
{
	size_t kept = 0;

	if (!mime->count)
		return;
	qsort(mime->entries, mime->count, sizeof(*mime->entries), mime_compare);
	for (size_t i = 1; i < mime->count; i++) {
		if (strcasecmp(mime->entries[i].extension, mime->entries[kept].extension)) {
			mime->entries[++kept] = mime->entries[i];
			continue;
		}
		free(mime->entries[i].extension);
		free(mime->entries[i].type);
	}
	mime->count = kept + 1;
}

int mime_load(struct mime **out, const char *file)
{
	FILE *stream = fopen(file, "re");
	struct mime *mime;
	char *line = NULL;
	size_t room = 0;
	int ret = -ENOMEM;

	if (!stream)
		return -errno;
	mime = calloc(1, sizeof(*mime));
	if (!mime)
		goto out;
	ret = 0;
	while (!ret && getline(&line, &room, stream) >= 0)
		ret = mime_line(mime, line);
	if (!ret && !feof(stream))
		ret = errno ? -errno : -EIO;
	free(line);
	if (ret) {
		mime_free(mime);
		goto out;
	}
	mime_sort(mime);
	*out = mime;
out:
	fclose(stream);
	return ret;
}

void mime_free(struct mime *mime)
{
	if (!mime)
		return;
	for (size_t i = 0; i < mime->count; i++) {
		free(mime->entries[i].extension);
		free(mime->entries[i].type);
	}
	free(mime->entries);
	free(mime);
}

const char *mime_type(const struct mime *mime, const char *name)
{
	const char *dot = strrchr(name, '.');
	const struct mime_entry *entry;

	if (!mime || !mime->count || !dot || strchr(dot, '/'))
		return MIME_DEFAULT;
	entry = bsearch(dot + 1, mime->entries, mime->count, sizeof(*mime->entries), mime_find);
	return entry ? entry->type : MIME_DEFAULT;
}
