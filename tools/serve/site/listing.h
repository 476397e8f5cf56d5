/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_LISTING_H
#define TOOLS_SERVE_SITE_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "tools/serve/site/listing_sort.h"

#define LISTING_MAX	1000000	/* entries of a listing; more are left out, and it says so */

/* What a listing shows, and how. */
struct listing_form {
	bool json;	/* rather than a page */
	bool hidden;	/* names that begin with a dot too */
	enum listing_sort sort;
};

struct listing_entry {
	char *name;	/* owned */
	uint64_t size;
	time_t modified;
	bool folder;
};

/* The files and folders in a folder that can be requested. */
struct listing {
	struct listing_entry *entries;	/* owned */
	size_t count, room;
	bool cut;			/* there are more than LISTING_MAX entries */
	struct listing_form form;
};

/* Read and write a listing; root: a descriptor of the site's folder; path: decoded, empty or ending
 * in a slash. *text is for free(). Blocks, for as long as the folder is large. 0 or -errno. Any
 * thread. */
int listing_make(int root, const char *path, const struct listing_form *form, char **text,
		 size_t *len);

/* As a page, or as JSON: text for free(), NULL: out of memory. */
char *listing_html(const struct listing *listing, const char *path, size_t *len);
char *listing_json(const struct listing *listing, const char *path, size_t *len);

#endif
