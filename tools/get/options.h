/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_GET_OPTIONS_H
#define TOOLS_GET_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include "tlsring.h"
#include "tools/get/url.h"

#define GET_DIGEST	32	/* bytes of SHA-256 */

/* Exit statuses beside those in tools.h; the numbers are wget's. */
enum get_status {
	GET_OK = 0,
	GET_FAILED = 1,			/* wrong hash, and what has no status of its own */
	GET_FILE = 3,			/* a file cannot be read or written */
	GET_NETWORK = 4,		/* no address, no connection, or it broke off */
	GET_TLS = 5,			/* TLS failed; the certificate is not trusted */
	GET_PROTOCOL = 7,		/* the answer is not valid HTTP */
	GET_HTTP = 8,			/* the answer is not the file: an HTTP error */
};

struct get_options {
	struct url *urls;		/* owned array, at least one */
	size_t count;
	const char *output; /* NULL: the URL's last segment; "-": standard output; "DIR/" */
	bool folder;			/* output is a folder: it ends with a slash */
	const char *ca, *cert, *key;
	unsigned timeout;		/* seconds */
	unsigned retry;			/* further attempts for each URL */
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
