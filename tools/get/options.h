/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_GET_OPTIONS_H
#define TOOLS_GET_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include "tlsring.h"
#include "tools/get/url.h"

#define GET_DIGEST	32	/* bytes of SHA-256 */

struct get_options {
	struct url *urls;		/* owned array, at least one */
	size_t count;
	const char *output;		/* NULL: the URL's last segment; "-": standard output */
	const char *ca, *cert, *key;
	unsigned timeout;		/* seconds */
	enum tlsring_offload offload;
	enum tlsring_io io;
	unsigned char sha256[GET_DIGEST];
	bool check;			/* sha256 was given */
	bool resume, force, insecure, quiet, verbose;
};

/* 0; -1: --help was printed, end with status 0; else an exit status, after a message on standard
 * error. Call get_options_free() in any case. */
int get_options_parse(struct get_options *out, int argc, char **argv);
void get_options_free(struct get_options *options);

#endif
