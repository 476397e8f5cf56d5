/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_STAMP_H
#define TOOLS_SERVE_SITE_STAMP_H

#include <stdbool.h>
#include <stdint.h>

struct statx;

/* Identifies a file and its content: two equal stamps mean the same file, unchanged. */
struct site_stamp {
	uint64_t device, inode, size;
	int64_t changed, modified;	/* nanoseconds since 1970 */
};

/* The coarsest clock of a file system ticks within so many seconds: a file whose stamp is older
 * than that cannot change from now on and keep its stamp. */
#define SITE_STAMP_SETTLED	2

/* stx: with STATX_BASIC_STATS. */
void site_stamp_fill(struct site_stamp *out, const struct statx *stx);
bool site_stamp_same(const struct site_stamp *a, const struct site_stamp *b);

#endif
