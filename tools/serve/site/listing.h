/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_LISTING_H
#define TOOLS_SERVE_SITE_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define LISTING_MAX	1000000	/* entries of a listing; more are left out, and it says so */

/* By what the entries of a folder are sorted, its own folders always first. */
enum listing_sort {
	LISTING_BY_NAME = 0,
	LISTING_BY_NAME_DOWN,
	LISTING_BY_SIZE,
	LISTING_BY_SIZE_DOWN,
	LISTING_BY_TIME,
	LISTING_BY_TIME_DOWN,
	LISTING_SORTS
};

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

/* The order that a query asks for, with its '?': "?sort=size", "?sort=-size". */
enum listing_sort listing_sort_parse(const char *query, size_t len);
/* The same as the value of "sort": "-size". Static. */
const char *listing_sort_name(enum listing_sort sort);

/* Read and write a listing; root: a descriptor of the site's folder; path: decoded, empty or ending
 * in a slash. *text is for free(). Blocks, for as long as the folder is large. 0 or -errno. Any
 * thread. */
int listing_make(int root, const char *path, const struct listing_form *form, char **text,
		 size_t *len);

/* As a page, or as JSON: text for free(), NULL: out of memory. */
char *listing_html(const struct listing *listing, const char *path, size_t *len);
char *listing_json(const struct listing *listing, const char *path, size_t *len);

#endif
