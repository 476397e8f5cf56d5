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

/* A served folder. Read by all threads, changed by none. */
struct site {
	int root;			/* its descriptor, O_PATH */
	uint64_t number;		/* no other site of this process ever has it */
	const struct mime *mime;	/* the caller's; may be NULL */
	struct site_settings settings;	/* owned */
};

/* Takes over the settings when it succeeds. 0 or -errno; -ENOTDIR when dir is no folder; -ENOSYS
 * when the kernel has no openat2. */
int site_open(struct site *out, const char *dir, const struct mime *mime,
	      const struct site_settings *settings);
void site_close(struct site *site);

/* What a path leads to. The texts live as long as the site. */
struct site_found {
	struct site_file *file;		/* a reference that site_file_put() gives back */
	const char *type;
	const char *cache_control;	/* NULL: nothing to say */
	const struct http_encoding *encoding;	/* the file is so encoded; NULL: as it is */
};

/*
 * Open a decoded path, "" being the folder itself; a path that ends in a slash means the folder's
 * index. Of the encodings (best first, NULL at their end) the first counts that the file is there
 * in, unless the encoded file is older. 0; or the HTTP status that answers it: 301 (a folder
 * without its slash), 403, 404, 500, 503 with *error the cause (positive errno, 0 when there is
 * nothing to tell). The cache is the thread's, or NULL.
 */
int site_find(const struct site *site, struct site_cache *cache, const char *path,
	      const struct http_encoding *const *encodings, struct site_found *out, int *error);
/* The page for an error's status: 0, and as above; 1: none is set; -errno: it cannot be read. */
int site_find_error(const struct site *site, struct site_cache *cache, int status,
		    struct site_found *out);
/* The folder at such a path: a descriptor, the caller's; or -errno. */
int site_open_folder(const struct site *site, const char *path);
/* As stat(), but nothing outside is found. 0 or -errno. */
int site_stat(const struct site *site, const char *path, struct stat *st);
/* The HTTP status that tells a client of a -errno from the above. */
int site_status(int result);

#endif
