// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "tools/serve/site/cache.h"
#include "tools/serve/site/file.h"

struct cache_entry {
	struct cache_entry *next;		/* in its bucket */
	struct cache_entry *newer, *older;	/* by use */
	struct site_file *file;			/* a reference */
	uint64_t site;
	uint64_t round;				/* in which the path was looked at */
	uint32_t hash;
	char path[];
};

struct site_cache {
	struct cache_entry *newest, *oldest;
	unsigned count, most;
	uint64_t round;				/* of the requests that are answered */
	time_t now;
	struct site_mappings *mappings;			/* the caller's, or NULL */
	uint32_t mask;				/* of the buckets, a power of two */
	struct cache_entry *buckets[];
};

int site_cache_new(struct site_cache **out, unsigned most, struct site_mappings *mappings)
{
	uint32_t buckets = 16;

	while (buckets < most)
		buckets *= 2;
	*out = calloc(1, sizeof(**out) + buckets * sizeof(struct cache_entry *));
	if (!*out)
		return -ENOMEM;
	(*out)->most = most;
	(*out)->mask = buckets - 1;
	(*out)->mappings = mappings;
	return 0;
}

/* FNV-1a; strangers do not choose which files there are. */
static uint32_t cache_hash(uint64_t site, const char *path)
{
	uint32_t hash = 2166136261u ^ (uint32_t)site;

	for (; *path; path++)
		hash = (hash ^ (unsigned char)*path) * 16777619u;
	return hash;
}

static void cache_unlink(struct site_cache *cache, struct cache_entry *entry)
{
	*(entry->newer ? &entry->newer->older : &cache->newest) = entry->older;
	*(entry->older ? &entry->older->newer : &cache->oldest) = entry->newer;
}

static void cache_link(struct site_cache *cache, struct cache_entry *entry)
{
	entry->newer = NULL;
	entry->older = cache->newest;
	*(cache->newest ? &cache->newest->newer : &cache->oldest) = entry;
	cache->newest = entry;
}

static void cache_drop(struct site_cache *cache, struct cache_entry *entry)
{
	struct cache_entry **at = &cache->buckets[entry->hash & cache->mask];

	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	cache_unlink(cache, entry);
	cache->count--;
	site_file_put(entry->file);
	free(entry);
}

static struct cache_entry *cache_lookup(struct site_cache *cache, uint64_t site, uint32_t hash,
					const char *path)
{
	struct cache_entry *entry = cache->buckets[hash & cache->mask];

	while (entry && (entry->hash != hash || entry->site != site || strcmp(entry->path, path)))
		entry = entry->next;
	return entry;
}

/* A file that cannot be kept is no less open. */
static void cache_add(struct site_cache *cache, uint64_t site, uint32_t hash, const char *path,
		      struct site_file *file)
{
	size_t size = strlen(path) + 1;
	struct cache_entry *entry = malloc(sizeof(*entry) + size);

	if (!entry)
		return;
	if (cache->count == cache->most)
		cache_drop(cache, cache->oldest);
	file->references++;
	entry->file = file;
	entry->site = site;
	entry->round = cache->round;
	entry->hash = hash;
	memcpy(entry->path, path, size);
	entry->next = cache->buckets[hash & cache->mask];
	cache->buckets[hash & cache->mask] = entry;
	cache_link(cache, entry);
	cache->count++;
}

/* Whether the path still leads to the file as it was: only what was opened inside the folder is
 * compared with, so that nothing outside can be taken for it. */
static bool cache_current(struct cache_entry *entry, uint64_t round, int root)
{
	struct site_stamp stamp;
	struct statx stx;

	if (round && entry->round == round)
		return true;
	entry->round = round;
	/* As opening would, a network's file system asks its server. */
	if (statx(root, entry->path, AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &stx))
		return false;
	site_stamp_fill(&stamp, &stx);
	return site_stamp_same(&stamp, &entry->file->stamp);
}

void site_cache_round(struct site_cache *cache, uint64_t round, time_t now)
{
	cache->round = round;
	cache->now = now;
}

int site_cache_open(struct site_cache *cache, uint64_t site, int root, const char *path,
		    struct site_file **out)
{
	uint32_t hash = cache ? cache_hash(site, path) : 0;
	struct cache_entry *entry = cache ? cache_lookup(cache, site, hash, path) : NULL;
	int ret;

	if (entry && cache_current(entry, cache->round, root)) {
		cache_unlink(cache, entry);
		cache_link(cache, entry);
		site_file_keep(entry->file, cache->now);
		*out = entry->file;
		entry->file->references++;
		return 0;
	}
	if (entry)
		cache_drop(cache, entry);
	ret = site_file_open(out, root, path);
	/* What is kept must not stand in the way of what is needed. */
	while ((ret == -EMFILE || ret == -ENFILE) && cache && cache->oldest) {
		cache_drop(cache, cache->oldest);
		ret = site_file_open(out, root, path);
	}
	if (!ret && cache)
		(*out)->mappings = cache->mappings;
	if (!ret && cache && (*out)->size <= SITE_CACHE_LARGEST)
		cache_add(cache, site, hash, path, *out);
	return ret;
}

void site_cache_free(struct site_cache *cache)
{
	while (cache && cache->oldest)
		cache_drop(cache, cache->oldest);	/* NOLINT: it took the one before from the list */
	free(cache);
}
