/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_MACHINE_MANIFEST_H
#define TOOLS_BENCH_MACHINE_MANIFEST_H

/* What this machine is, without which figures cannot be compared with others. All return new JSON
 * values. */

#include <stdbool.h>
#include "tlsring.h"

struct json_t;

struct bench_manifest_parts {
	enum tlsring_io io;	/* asked for */
	bool cost;		/* of sealing and copying, which is measured */
	bool peers;		/* versions of other servers */
};
/* NULL: no memory. */
struct json_t *bench_manifest(struct bench_manifest_parts parts);

/* ---- parts of it, for tests ---- */

/* The kernel's build options, as far as they can be read; each "y", "m", "n" or a number. */
struct json_t *bench_manifest_options(const char *release);
/* The kernel's preferred driver for AES-GCM of those that are loaded, from /proc/crypto or a file
 * like it. NULL: none. */
struct json_t *bench_manifest_aes(const char *path);

#endif
