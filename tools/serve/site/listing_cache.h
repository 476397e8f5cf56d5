/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_LISTING_CACHE_H
#define TOOLS_SERVE_SITE_LISTING_CACHE_H

/*
 * Listings in their last form, so that a client who asks for a large folder again and again, or takes none of
 * what it asked for, costs little: all who ask within a second, or before the folder changes, share one
 * text. One thread's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#define LISTING_CACHE_SIZE	4		/* texts */
#define LISTING_BYTES	(32u << 20)	/* of texts that are on their way: beyond that no more are made */

struct site;
struct site_file;

struct listing_cache_entry {
	char *path;			/* owned; NULL: free */
	uint64_t site;
	bool json;
	time_t made;
	struct stat folder;		/* before it was read */
	struct site_file *file;		/* a reference */
};

struct listing_cache {
	struct listing_cache_entry entries[LISTING_CACHE_SIZE];
	unsigned next;			/* to be replaced */
	size_t bytes;			/* of the texts in memory, kept or on their way */
};

/*
 * A folder's listing, as a page or as JSON: a reference to bytes in memory, which site_file_put() gives back. The
 * path is decoded, and empty or ends in a slash. An entry's size and time may be a second old. Blocking: it may
 * read the folder. 0 or -errno, -EAGAIN when too much is on its way.
 */
int listing_cache_get(struct listing_cache *cache, const struct site *site, const char *path,
		      bool json, time_t now, struct site_file **out);
/* When all references were given back. */
void listing_cache_free(struct listing_cache *cache);

#endif
