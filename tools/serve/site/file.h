/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_FILE_H
#define TOOLS_SERVE_SITE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include "tools/http/date.h"
#include "tools/serve/site/stamp.h"

#define SITE_ETAG_SIZE	64

/* An open regular file, or a text in its place. References are counted, all in one thread. */
struct site_file {
	unsigned references;
	int fd;				/* owned; -1: a text */
	uint64_t size;
	time_t modified;
	char modified_text[HTTP_DATE_SIZE];	/* made once: gmtime_r() takes a lock */
	char etag[SITE_ETAG_SIZE];
	size_t etag_len;
	struct site_stamp stamp;
	char *bytes;			/* owned; the whole file in memory, or NULL */
	struct site_mappings *mappings;	/* where to look for a mapping, once; NULL: nowhere */
	struct site_mapping *mapping;	/* a reference, or NULL */
	size_t *sum;			/* the sum of sizes that a text is part of; or NULL */
	struct site_prebuilt *prebuilt;	/* owned; the bytes behind a head, for HTTP/1.1; or NULL */
};

#define SITE_FILE_KEPT	16384	/* bytes; a file up to this size may be kept in memory */

/* Open a path inside a folder, without leaving it and without following magic links. A descriptor,
 * the caller's, or -errno. */
int site_openat(int root, const char *path, uint64_t flags);
/* Open a regular file. 0 and a reference for site_file_put(); or -errno, -EISDIR for a folder and
 * -ENOENT for anything else that is no regular file. */
int site_file_open(struct site_file **out, int root, const char *path);
/* Make a file of a text from malloc(), which is taken over also on failure; it has neither times
 * nor a tag. Its size is added to *sum until it is freed. 0 and a reference, or -ENOMEM. */
int site_file_text(struct site_file **out, char *text, size_t len, size_t *sum);
void site_file_put(struct site_file *file);
/* A mapping of the file, valid as long as the reference; NULL: there is none. */
const void *site_file_mapping(struct site_file *file);
/* Keep a small file's bytes in memory. Does nothing if that would block, or before the file's stamp
 * has settled: a change could then leave its stamp as it is. */
void site_file_keep(struct site_file *file, time_t now);

#endif
