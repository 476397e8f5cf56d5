/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_GET_FILE_H
#define TOOLS_GET_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <openssl/types.h>
#include "tools/get/options.h"

/*
 * Where a fetched file goes. It grows as FILE.part, beside FILE.part.version, which says of which
 * version of the file it is a part, and becomes FILE when it is whole: under its own name there is
 * never half a file. Or it goes to a stream: a pipe, a terminal, a device.
 */
struct output {
	char *path, *part, *version;	/* owned; NULL of a stream */
	char *waiting;			/* owned: bytes that a stream has no room for yet */
	size_t waiting_len;
	EVP_MD_CTX *digest;		/* owned; NULL: nothing to check */
	const unsigned char *expected;	/* the options' */
	uint64_t size;			/* bytes that it has */
	char validator[320];		/* of the part that is continued; "": none is */
	int fd;				/* -1: not open yet */
	bool stream, force;
	bool known;			/* of which version of the file the part is */
};

/* The descriptor of --output, when that is standard output or names something that is no regular
 * file; -1: it is a file's name, or none. Others: -2, after a word. It outlives every output. */
int output_stream(const char *path);

enum output_state { OUTPUT_FAILED = -1, OUTPUT_READY, OUTPUT_WHOLE };

/* Failing comes with a word on standard error, here and below. WHOLE: --continue found the file
 * complete. output_close() in any case. */
enum output_state output_open(struct output *out, const char *path, int stream, const struct get_options *options);
/* The answer has come: its bytes follow from offset on, which is 0 or size. validator: for a later
 * --continue, or NULL. 0 or -1. */
int output_begin(struct output *out, uint64_t offset, const char *validator);
/* All of data is taken. 0; -EAGAIN: there is no room for more: output_flush() when fd is writable,
 * before more comes; -1, after a word. */
int output_write(struct output *out, const char *data, size_t len);
int output_flush(struct output *out);
/* It is whole: check it, and give it its name. 0 or -1. */
int output_finish(struct output *out);
/* What is not whole stays as FILE.part. */
void output_close(struct output *out);

#endif
