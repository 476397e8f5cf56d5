/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_LISTING_SORT_H
#define TOOLS_SERVE_SITE_LISTING_SORT_H

#include <stddef.h>

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

/* The order that a query asks for, with its '?': "?sort=size", "?sort=-size". */
enum listing_sort listing_sort_parse(const char *query, size_t len);
/* The same as the value of "sort": "-size". Static. */
const char *listing_sort_name(enum listing_sort sort);

#endif
