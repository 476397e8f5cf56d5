// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "tools/serve/site/cache.h"
#include "tools/serve/site/file.h"
#include "tlsring.h"

struct cache_entry {
	LIST_ENTRY(cache_entry) hashed;	/* in its bucket */
	TAILQ_ENTRY(cache_entry) used;	/* most recently used first */
	struct site_file *file;		/* a reference */
	time_t last;				/* use */
	uint64_t site;
	uint64_t round;			/* of the last look at the path */
	uint32_t hash;
	char path[];
};

LIST_HEAD(cache_bucket, cache_entry);

struct site_cache {
	TAILQ_HEAD(cache_entries, cache_entry) used;	/* entries owned */
	unsigned count, max;
	uint64_t round;			/* of the current requests */
	time_t now;
	struct tlsring_engine *engine;		/* the thread's; NULL: it has none yet */
	int timer;				/* owned; -1: none */
	bool running;
	struct site_mappings *mappings;	/* the caller's, or NULL */
	uint32_t mask;			/* of hashes; the number of buckets is a power of two */
	struct cache_bucket buckets[];
};

int site_cache_new(struct site_cache **out, unsigned max, struct site_mappings *mappings)
{
	uint32_t buckets = 16;

	while (buckets < max)
		buckets *= 2;
	*out = calloc(1, sizeof(**out) + buckets * sizeof(struct cache_bucket));
	if (!*out)
		return -ENOMEM;
	TAILQ_INIT(&(*out)->used);
	(*out)->timer = -1;
	(*out)->max = max;
	(*out)->mask = buckets - 1;
	(*out)->mappings = mappings;
	return 0;
}

/* FNV-1a: strangers do not choose which files there are. */
static uint32_t cache_hash(uint64_t site, const char *path)
{
	uint32_t hash = 2166136261u ^ (uint32_t)site;

	for (; *path; path++)
		hash = (hash ^ (unsigned char)*path) * 16777619u;
	return hash;
}

static void cache_drop(struct site_cache *cache, struct cache_entry *entry)
{
	LIST_REMOVE(entry, hashed);
	TAILQ_REMOVE(&cache->used, entry, used);
	cache->count--;
	site_file_put(entry->file);
	free(entry);
}

static struct cache_entry *cache_lookup(struct site_cache *cache, uint64_t site, uint32_t hash,
					const char *path)
{
	struct cache_entry *entry;

	LIST_FOREACH(entry, &cache->buckets[hash & cache->mask], hashed)
		if (entry->hash == hash && entry->site == site && !strcmp(entry->path, path))
			return entry;
	return NULL;
}

/* ---- time ---- */

void site_cache_expire(struct site_cache *cache, time_t now)
{
	struct cache_entry *entry;

	while ((entry = TAILQ_LAST(&cache->used, cache_entries)) &&
	       entry->last + SITE_CACHE_REST <= now)
		cache_drop(cache, entry);
}

void site_cache_clear(struct site_cache *cache)
{
	struct cache_entry *entry;

	while ((entry = TAILQ_FIRST(&cache->used)))
		cache_drop(cache, entry);
}

static void cache_tick(int fd, int events, void *user);

static void cache_run_timer(struct site_cache *cache)
{
	const struct itimerspec rest = { .it_value = { .tv_sec = SITE_CACHE_REST } };

	if (!cache->running && cache->engine && !timerfd_settime(cache->timer, 0, &rest, NULL))
		cache->running = !tlsring_engine_poll(cache->engine, cache->timer, POLLIN,
						      cache_tick, cache);
}

static void cache_tick(int fd, int events, void *user)
{
	struct site_cache *cache = user;

	(void)fd, (void)events;
	cache->running = false;
	site_cache_expire(cache, time(NULL));
	if (cache->count)
		cache_run_timer(cache);
}

int site_cache_watch(struct site_cache *cache, struct tlsring_engine *engine)
{
	cache->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (cache->timer < 0)
		return -errno;
	cache->engine = engine;
	return 0;
}

/* ---- files ---- */

/* Without memory the file is not kept. */
static void cache_add(struct site_cache *cache, uint64_t site, uint32_t hash, const char *path,
		      struct site_file *file)
{
	size_t size = strlen(path) + 1;
	struct cache_entry *entry = malloc(sizeof(*entry) + size);

	if (!entry)
		return;
	if (cache->count == cache->max)
		cache_drop(cache, TAILQ_LAST(&cache->used, cache_entries));
	file->references++;
	entry->file = file;
	entry->site = site;
	entry->round = cache->round;
	entry->last = cache->now;
	entry->hash = hash;
	memcpy(entry->path, path, size);
	LIST_INSERT_HEAD(&cache->buckets[hash & cache->mask], entry, hashed);
	TAILQ_INSERT_HEAD(&cache->used, entry, used);
	cache->count++;
	cache_run_timer(cache);
}

/* Does the path still lead to the file, unchanged? The stamp it is compared with was taken from a
 * file that was opened inside the folder, so nothing outside can pass for it. */
static bool cache_current(struct cache_entry *entry, uint64_t round, int root)
{
	struct site_stamp stamp;
	struct statx stx;

	if (round && entry->round == round)
		return true;
	entry->round = round;
	/* A network file system asks its server, as it would for opening. */
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
		TAILQ_REMOVE(&cache->used, entry, used);
		TAILQ_INSERT_HEAD(&cache->used, entry, used);
		entry->last = cache->now;
		site_file_keep(entry->file, cache->now);
		*out = entry->file;
		entry->file->references++;
		return 0;
	}
	if (entry)
		cache_drop(cache, entry);
	ret = site_file_open(out, root, path);
	/* Give up kept files while descriptors are short. */
	while ((ret == -EMFILE || ret == -ENFILE) && cache && cache->count) {
		cache_drop(cache, TAILQ_LAST(&cache->used, cache_entries));
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
	if (!cache)
		return;
	site_cache_clear(cache);
	if (cache->timer >= 0)
		close(cache->timer);
	free(cache);
}
