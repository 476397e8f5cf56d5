/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_CACHE_H
#define TOOLS_SERVE_SITE_CACHE_H

#include <stdint.h>
#include <time.h>

/*
 * Open files by site and path, of one thread. Each use looks at the path anew (one statx), so
 * that what is found is what opening would have found at that moment: a file that was changed,
 * replaced or removed, or whose folders or links now lead elsewhere, is opened again. Requests that
 * came together share one look: none of them may expect an older one. What is saved is the opening, and the
 * reading of a file that is so small that its bytes are kept too. Only small files are kept: for a large one
 * opening is nothing beside the sending, it needs read-ahead of its own, and its space must come back when it
 * is removed.
 */
struct site_cache;
struct site_file;
struct site_mappings;

#define SITE_CACHE_LARGEST	(256 * 1024)	/* bytes of a file that is kept */

/* At most `most` (> 0) files; maps, which must outlive all files, for large ones: the caller's, or NULL.
 * 0 or -ENOMEM. */
int site_cache_new(struct site_cache **out, unsigned most, struct site_mappings *mappings);
/* Files that are still sent live on. */
void site_cache_free(struct site_cache *cache);
/* Requests of another round follow, which begins now; before the first, and with 0, each use looks for itself. */
void site_cache_round(struct site_cache *cache, uint64_t round, time_t now);
/* As site_file_open(); site: a number that no other folder ever has. cache may be NULL. */
int site_cache_open(struct site_cache *cache, uint64_t site, int root, const char *path,
		    struct site_file **out);

#endif
