/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_LISTING_H
#define TOOLS_SERVE_SITE_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define LISTING_MAX	20000	/* entries: more would hold the thread for too long */

struct site;

struct listing_entry {
	char *name;			/* owned */
	uint64_t size;
	time_t modified;
	bool folder;
};

/* What of a folder's content can be fetched. */
struct listing {
	struct listing_entry *entries;	/* owned; folders first, by name, numbers in their order */
	size_t count, room;
	bool cut;			/* there are more than LISTING_MAX */
};

/* A decoded path that is empty or ends in a slash. Blocking: it reads the folder. 0 or -errno.
 * listing_free() in any case. */
int listing_read(struct listing *out, const struct site *site, const char *path);
void listing_free(struct listing *listing);

/* As a page or as JSON: text that the caller frees, NULL: out of memory. */
char *listing_html(const struct listing *listing, const char *path, size_t *len);
char *listing_json(const struct listing *listing, const char *path, size_t *len);

#endif
