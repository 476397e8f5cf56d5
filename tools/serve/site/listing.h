/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_LISTING_H
#define TOOLS_SERVE_SITE_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define LISTING_MAX	20000	/* entries: more would block the thread for too long */

struct site;

struct listing_entry {
	char *name;	/* owned */
	uint64_t size;
	time_t modified;
	bool folder;
};

/* The files and folders in a folder that can be requested. */
struct listing {
	struct listing_entry *entries;	/* owned; folders first, then by name as numbers go */
	size_t count, room;
	bool cut;			/* there are more than LISTING_MAX entries */
};

/* Read a folder; path: decoded, empty or ending in a slash. Blocks. 0 or -errno; listing_free() in
 * any case. */
int listing_read(struct listing *out, const struct site *site, const char *path);
void listing_free(struct listing *listing);

/* As a page or as JSON: text for free(), NULL: out of memory. */
char *listing_html(const struct listing *listing, const char *path, size_t *len);
char *listing_json(const struct listing *listing, const char *path, size_t *len);

#endif
