/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_MACHINE_MANIFEST_H
#define TOOLS_BENCH_MACHINE_MANIFEST_H

/* Parts of the manifest, as new JSON values. */
#include "tools/bench/types.h"

#define MANIFEST_LINE	256

/* The first line of a file of the kernel's; "unknown" where there is none. Returns buf. */
const char *bench_manifest_line(const char *path, char buf[MANIFEST_LINE]);

/* What the kernel was built with, where that is told; each "y", "m", "n" or a number. */
struct json_t *bench_manifest_options(const char *release);
/* The driver that seals AES-GCM in the kernel: of those that are loaded the one it prefers. NULL: none. */
struct json_t *bench_manifest_aes(const char *path);

/* Network cards, and what offloads TLS. */
struct json_t *bench_manifest_cards(void);
struct json_t *bench_manifest_offload(void);

#endif
