// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "tools/serve/site/file.h"
#include "tools/serve/site/listing_cache.h"

static void entry_free(struct listing_cache_entry *entry)
{
	if (!entry->key.path)
		return;
	free((char *)entry->key.path);
	site_file_put(entry->file);
	*entry = (struct listing_cache_entry){ 0 };
}

bool listing_key_same(const struct listing_key *a, const struct listing_key *b)
{
	return a->site == b->site && a->form.json == b->form.json &&
	       a->form.hidden == b->form.hidden && a->form.sort == b->form.sort &&
	       !strcmp(a->path, b->path);
}

static struct listing_cache_entry *entry_find(struct listing_cache *cache,
					      const struct listing_key *key)
{
	for (unsigned i = 0; i < LISTING_CACHE_SIZE; i++)
		if (cache->entries[i].key.path && listing_key_same(&cache->entries[i].key, key))
			return &cache->entries[i];
	return NULL;
}

/* Does the folder still have the same entries? A folder that has just changed may change again
 * within one tick of its clock. */
static bool entry_current(const struct listing_cache_entry *entry, const struct stat *folder,
			  time_t now)
{
	return entry->made == now && entry->folder.st_ino == folder->st_ino &&
	       entry->folder.st_dev == folder->st_dev &&
	       entry->folder.st_ctim.tv_sec == folder->st_ctim.tv_sec &&
	       entry->folder.st_ctim.tv_nsec == folder->st_ctim.tv_nsec &&
	       folder->st_ctim.tv_sec + SITE_STAMP_SETTLED < now;
}

struct site_file *listing_cache_find(struct listing_cache *cache, const struct listing_key *key,
				     const struct stat *folder, time_t now)
{
	struct listing_cache_entry *entry = entry_find(cache, key);

	if (!entry || !entry_current(entry, folder, now))
		return NULL;
	entry->file->references++;
	return entry->file;
}

/* Give up other texts while they are too large together. */
static void cache_shrink(struct listing_cache *cache, const struct listing_cache_entry *newest)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < LISTING_CACHE_SIZE; i++)
		if (cache->entries[i].key.path)
			bytes += cache->entries[i].file->size;
	for (unsigned i = 0; i < LISTING_CACHE_SIZE && bytes > LISTING_CACHE_BYTES; i++) {
		struct listing_cache_entry *entry = &cache->entries[i];

		if (entry == newest || !entry->key.path)
			continue;
		bytes -= entry->file->size;
		entry_free(entry);
	}
}

/* Replace this entry, or else the next one in turn. Without memory the listing is not kept. */
static void cache_put(struct listing_cache *cache, struct listing_cache_entry *entry,
		      const struct listing_cache_entry *fresh)
{
	if (!entry) {
		entry = &cache->entries[cache->next];
		cache->next = (cache->next + 1) % LISTING_CACHE_SIZE;
	}
	entry_free(entry);
	*entry = *fresh;
	entry->key.path = strdup(fresh->key.path);
	if (!entry->key.path)
		return;
	entry->file->references++;
	cache_shrink(cache, entry);
}

int listing_cache_add(struct listing_cache *cache, const struct listing_key *key,
		      const struct stat *folder, time_t made, char *text, size_t len,
		      struct site_file **out)
{
	struct listing_cache_entry *entry = entry_find(cache, key);
	struct listing_cache_entry fresh = { .key = *key, .made = made, .folder = *folder };
	int ret;

	/* Most often nothing changed: share the text that is kept, and perhaps still being sent. */
	if (entry && entry->file->size == len && !memcmp(entry->file->bytes, text, len)) {
		free(text);
		fresh.file = entry->file;
		fresh.file->references++;
	} else {
		ret = site_file_text(&fresh.file, text, len, &cache->bytes);
		if (ret)
			return ret;
	}
	cache_put(cache, entry, &fresh);
	*out = fresh.file;
	return 0;
}

void listing_cache_free(struct listing_cache *cache)
{
	for (unsigned i = 0; i < LISTING_CACHE_SIZE; i++)
		entry_free(&cache->entries[i]);
}
