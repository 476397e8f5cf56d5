/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_FILE_H
#define TOOLS_SERVE_SITE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include "tools/http/date.h"
#include "tools/serve/site/stamp.h"

#define SITE_ETAG_SIZE	64

/* An open regular file, or a text in its place. Counted references, all in one thread. */
struct site_file {
	unsigned references;
	int fd;				/* its own; -1: a text */
	uint64_t size;
	time_t modified;
	char modified_text[HTTP_DATE_SIZE];	/* made once: gmtime_r() takes a lock of the process */
	char etag[SITE_ETAG_SIZE];
	size_t etag_len;
	struct site_stamp stamp;
	char *bytes;			/* the whole of it in memory, or NULL */
	struct site_mappings *mappings;		/* its thread's, or NULL: ask there once */
	struct site_mapping *mapping;		/* a reference, or NULL */
	size_t *counted;		/* a text's size counts there, until it goes; or NULL */
	struct site_prebuilt *prebuilt;	/* of these, for HTTP/1.1; or NULL */
};

#define SITE_FILE_KEPT	16384	/* bytes of a file that may be kept in memory */

/* openat2() that neither leaves the folder nor follows what is no symbolic link. A descriptor, the
 * caller's, or -errno. */
int site_openat(int root, const char *path, uint64_t flags);
/* 0 and a reference that site_file_put() gives back; or -errno, -EISDIR for a folder and -ENOENT
 * for whatever else is no regular file. */
int site_file_open(struct site_file **out, int root, const char *path);
/* A text, which malloc() gave and is taken over also when it fails; it has neither times nor tag. 0 and a
 * reference, or -ENOMEM. */
int site_file_text(struct site_file **out, char *text, size_t len, size_t *counted);
void site_file_put(struct site_file *file);
/* Where a mapping of it begins, as long as the reference is held; NULL: there is none. */
const void *site_file_mapping(struct site_file *file);
/* Keep a small file's bytes in memory, if that takes no waiting, and if a change of them from now on could
 * not leave its stamp as it is: a file system's clock ticks, so that is not before it has settled. */
void site_file_keep(struct site_file *file, time_t now);

#endif
