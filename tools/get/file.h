/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_GET_FILE_H
#define TOOLS_GET_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <openssl/types.h>
#include "tools/get/options.h"

/*
 * The output of one URL: a regular file or a stream (pipe, terminal, device). A regular file is
 * written as FILE.part and renamed to FILE when it is complete, so FILE is never incomplete.
 * FILE.part.version holds the validator (ETag or date) of the version that FILE.part is from.
 */
struct file {
	char *path, *part, *version;	/* owned; NULL for a stream */
	char *waiting;			/* owned: bytes that the stream has no room for */
	size_t waiting_len;
	EVP_MD_CTX *digest;		/* owned; NULL: no hash to check */
	const unsigned char *expected;	/* hash, of the options */
	uint64_t size;			/* bytes written, those of an earlier run included */
	char validator[320];		/* of the version that the part is from; "": not known */
	int fd;				/* -1: not open yet */
	bool stream;			/* fd belongs to the caller */
	bool force;			/* replace an existing file */
	bool differs;			/* from the expected hash */
};

/* Open path (--output, or NULL) if it is "-" or names something that is no regular file: the
 * caller's descriptor; -1: it is none of these; -2: after an error message. */
int file_stream(const char *path);

enum file_state { FILE_FAILED = -1, FILE_READY, FILE_WHOLE };

/* Here and below, errors are reported on standard error. WHOLE: --continue found the file complete.
 * Call file_close() in any case. */
enum file_state file_open(struct file *file, const char *path, int stream,
			  const struct get_options *options);
/* Prepare to write from offset on, which is 0 or size. validator: of this version of the file, or
 * NULL. 0 or -1. */
int file_begin(struct file *file, uint64_t offset, const char *validator);
/* Write all of data. 0; -EAGAIN: data was kept, call file_flush() when fd is writable before the
 * next file_write(); -1. */
int file_write(struct file *file, const char *data, size_t len);
int file_flush(struct file *file);
/* All bytes were written: check the hash, set the time of modification unless it is -1, and rename
 * the part. 0 or -1. */
int file_finish(struct file *file, time_t modified);
/* Free everything; an incomplete file stays as FILE.part. */
void file_close(struct file *file);

#endif
