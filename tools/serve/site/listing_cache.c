// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "tools/serve/site/listing.h"
#include "tools/serve/site/listing_cache.h"
#include "tools/serve/site/site.h"

static void entry_free(struct listing_cache_entry *entry)
{
	if (!entry->path)
		return;
	free(entry->path);
	site_file_put(entry->file);
	*entry = (struct listing_cache_entry){ 0 };
}

static struct listing_cache_entry *entry_find(struct listing_cache *cache, uint64_t site,
					      const char *path, bool json)
{
	for (struct listing_cache_entry *entry = cache->entries;
	     entry < cache->entries + LISTING_CACHE_SIZE; entry++)
		if (entry->path && entry->site == site && entry->json == json &&
		    !strcmp(entry->path, path))
			return entry;
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

static int cache_make(const struct site *site, const char *path, bool json, char **text,
		      size_t *len)
{
	struct listing listing;
	int ret = listing_read(&listing, site, path);

	if (!ret) {
		*text = json ? listing_json(&listing, path, len)
			     : listing_html(&listing, path, len);
		ret = *text ? 0 : -ENOMEM;
	}
	listing_free(&listing);
	return ret;
}

/* Replace this entry, or else the next one in turn. Without memory the listing is not kept. */
static void cache_put(struct listing_cache *cache, struct listing_cache_entry *entry,
		      const struct listing_cache_entry *fresh, const char *path)
{
	if (!entry) {
		entry = &cache->entries[cache->next];
		cache->next = (cache->next + 1) % LISTING_CACHE_SIZE;
	}
	entry_free(entry);
	*entry = *fresh;
	entry->path = strdup(path);
	if (entry->path)
		entry->file->references++;
}

int listing_cache_get(struct listing_cache *cache, const struct site *site, const char *path,
		      bool json, time_t now, struct site_file **out)
{
	struct listing_cache_entry *entry = entry_find(cache, site->number, path, json);
	struct listing_cache_entry fresh = { .site = site->number, .json = json, .made = now };
	int ret = site_stat(site, *path ? path : ".", &fresh.folder);
	size_t len;
	char *text;

	if (!ret && entry && entry_current(entry, &fresh.folder, now)) {
		*out = entry->file;
		entry->file->references++;
		return 0;
	}
	if (!ret && cache->bytes > LISTING_BYTES)
		ret = -EAGAIN;
	if (!ret)
		ret = cache_make(site, path, json, &text, &len);
	if (ret)
		return ret;
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
	cache_put(cache, entry, &fresh, path);
	*out = fresh.file;
	return 0;
}

void listing_cache_free(struct listing_cache *cache)
{
	for (unsigned i = 0; i < LISTING_CACHE_SIZE; i++)
		entry_free(&cache->entries[i]);
}
