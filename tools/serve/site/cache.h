/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_CACHE_H
#define TOOLS_SERVE_SITE_CACHE_H

#include <stdint.h>
#include <time.h>

/*
 * Open files of one thread, by site and path. Each use checks the path anew (one statx), so the
 * result is what opening would give at that moment: a file that was changed, replaced or removed,
 * or whose folders or links now lead elsewhere, is opened again. Requests that came together share
 * one check, as none of them may expect an older one. This saves opening the file, and reading it
 * if it is so small that its bytes are kept too. Large files are not kept: opening them costs
 * nothing beside sending them, each request needs read-ahead of its own, and their space must come
 * back when they are removed.
 */
struct site_cache;
struct site_file;
struct site_mappings;
struct tlsring_engine;

#define SITE_CACHE_LARGEST	(256 * 1024)	/* bytes; larger files are not kept */

/* max: how many files are kept, > 0. mappings: the caller's, for large files, outlives all files;
 * or NULL. 0 or -ENOMEM. */
int site_cache_new(struct site_cache **out, unsigned max, struct site_mappings *mappings);
/* Seconds without a request for it after which a file is closed: its space may be needed, or its disk
 * is to be unmounted. */
#define SITE_CACHE_REST		60

/* Let the thread's engine run the timer that closes unused files; before that none are. 0; -EMFILE. */
int site_cache_watch(struct site_cache *cache, struct tlsring_engine *engine);
/* Close what was not used for SITE_CACHE_REST seconds. */
void site_cache_expire(struct site_cache *cache, time_t now);
/* Close all. */
void site_cache_clear(struct site_cache *cache);
/* Files that are still being sent stay open. */
void site_cache_free(struct site_cache *cache);
/* A round of requests begins, now. Round 0, and before the first: each use checks the path. */
void site_cache_round(struct site_cache *cache, uint64_t round, time_t now);
/* As site_file_open(). site: a number that no other folder ever has. cache: may be NULL. */
int site_cache_open(struct site_cache *cache, uint64_t site, int root, const char *path,
		    struct site_file **out);

#endif
