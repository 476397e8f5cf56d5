// SPDX-License-Identifier: MIT
#include <string.h>
#include "tools/serve/site/listing_sort.h"

static const char *const listing_sorts[LISTING_SORTS] = {
	[LISTING_BY_NAME] = "name", [LISTING_BY_NAME_DOWN] = "-name",
	[LISTING_BY_SIZE] = "size", [LISTING_BY_SIZE_DOWN] = "-size",
	[LISTING_BY_TIME] = "time", [LISTING_BY_TIME_DOWN] = "-time",
};

const char *listing_sort_name(enum listing_sort sort)
{
	return listing_sorts[sort];
}

enum listing_sort listing_sort_parse(const char *query, size_t len)
{
	static const char prefix[] = "?sort=";
	size_t skip = strlen(prefix);

	if (len < skip || memcmp(query, prefix, skip))
		return LISTING_BY_NAME;
	for (enum listing_sort sort = 0; sort < LISTING_SORTS; sort++)
		if (strlen(listing_sorts[sort]) == len - skip &&
		    !memcmp(query + skip, listing_sorts[sort], len - skip))
			return sort;
	return LISTING_BY_NAME;
}
