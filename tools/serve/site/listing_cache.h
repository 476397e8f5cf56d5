/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_LISTING_CACHE_H
#define TOOLS_SERVE_SITE_LISTING_CACHE_H

/*
 * Finished listings of one thread. Clients that request a folder within the same second, before it
 * changes, share one text. So it costs little when a client requests a large folder again and
 * again, or takes nothing of what it requested.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>
#include "tools/serve/site/listing.h"

#define LISTING_CACHE_SIZE	4		/* listings that are kept */
#define LISTING_CACHE_BYTES	(16u << 20)	/* of kept texts; the newest may be larger */
#define LISTING_BYTES		(32u << 20)	/* of texts in memory: then no more are made */

struct site_file;

/* What a listing is of. */
struct listing_key {
	uint64_t site;		/* its number */
	struct listing_form form;
	const char *path;	/* decoded; the caller's */
};

struct listing_cache_entry {
	struct listing_key key;	/* path owned; NULL: the entry is free */
	time_t made;
	struct stat folder;	/* taken before it was read */
	struct site_file *file;	/* a reference */
};

struct listing_cache {
	struct listing_cache_entry entries[LISTING_CACHE_SIZE];
	unsigned next;	/* entry to be replaced */
	size_t bytes;	/* of texts in memory, kept or being sent */
};

bool listing_key_same(const struct listing_key *a, const struct listing_key *b);
/* The text of a folder that is as it was, made within this second: a reference for site_file_put();
 * NULL: there is none. folder: as it is now. */
struct site_file *listing_cache_find(struct listing_cache *cache, const struct listing_key *key,
				     const struct stat *folder, time_t now);
/* Add a text, from malloc(), which is taken over also on failure. folder: taken before it was read,
 * at `made`. 0 and a reference for site_file_put(), or -ENOMEM. */
int listing_cache_add(struct listing_cache *cache, const struct listing_key *key,
		      const struct stat *folder, time_t made, char *text, size_t len,
		      struct site_file **out);
/* After all references were put back. */
void listing_cache_free(struct listing_cache *cache);

#endif
