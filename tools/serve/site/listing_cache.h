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

#define LISTING_CACHE_SIZE	4		/* listings that are kept */
#define LISTING_BYTES	(32u << 20)	/* of texts in memory; beyond that no more are made */

struct site;
struct site_file;

struct listing_cache_entry {
	char *path;		/* owned; NULL: the entry is free */
	uint64_t site;
	bool json;
	time_t made;
	struct stat folder;	/* taken before it was read */
	struct site_file *file;	/* a reference */
};

struct listing_cache {
	struct listing_cache_entry entries[LISTING_CACHE_SIZE];
	unsigned next;	/* entry to be replaced */
	size_t bytes;	/* of texts in memory, kept or being sent */
};

/*
 * Get a folder's listing as a page or as JSON: a reference to a text, for site_file_put(). path:
 * decoded, empty or ending in a slash. Sizes and times of entries may be a second old. Blocks when
 * the folder must be read. 0 or -errno, -EAGAIN when too many texts are being sent.
 */
int listing_cache_get(struct listing_cache *cache, const struct site *site, const char *path,
		      bool json, time_t now, struct site_file **out);
/* After all references were put back. */
void listing_cache_free(struct listing_cache *cache);

#endif
