/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_SITE_H
#define TOOLS_SERVE_SITE_SITE_H

#include <stdint.h>
#include "tools/serve/site/cache.h"
#include "tools/serve/site/file.h"
#include "tools/serve/site/settings.h"

struct http_encoding;
struct mime;
struct stat;

/* A served folder. All threads read it, none changes it. */
struct site {
	int root;			/* owned; O_PATH */
	uint64_t number;		/* no other site of this process ever has it */
	const struct mime *mime;	/* the caller's; may be NULL */
	struct site_settings settings;	/* owned */
};

/* Open a folder. Takes over the settings on success. 0 or -errno; -ENOTDIR when dir is no folder;
 * -ENOSYS when the kernel has no openat2. */
int site_open(struct site *out, const char *dir, const struct mime *mime,
	      const struct site_settings *settings);
void site_close(struct site *site);

/* What a path leads to. The texts live as long as the site. */
struct site_found {
	struct site_file *file;		/* a reference, for site_file_put() */
	const char *type;
	const char *cache_control;	/* NULL: none is set */
	const struct http_encoding *encoding;	/* the file's encoding; NULL: none */
};

/*
 * Open a decoded path, "" being the folder itself; a path that ends in a slash means the folder's
 * index. encodings: best first, NULL at the end; an encoded sibling of the file is preferred to it,
 * unless it is older. 0; or the HTTP status of the response: 301 (a folder without its slash), 403,
 * 404, 500, 503, with *error the cause (a positive errno, or 0). cache: the thread's, or NULL.
 */
int site_find(const struct site *site, struct site_cache *cache, const char *path,
	      const struct http_encoding *const *encodings, struct site_found *out, int *error);
/* Find the page for an error's status. 0; 1: none is set; -errno: it cannot be read. */
int site_find_error(const struct site *site, struct site_cache *cache, int status,
		    struct site_found *out);
/* As stat(), but inside the folder only. 0 or -errno. */
int site_stat(const struct site *site, const char *path, struct stat *st);
/* The HTTP status for a -errno of these functions. */
int site_status(int result);

#endif
