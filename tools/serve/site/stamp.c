// SPDX-License-Identifier: MIT
#include <sys/stat.h>
#include "tools/serve/site/stamp.h"

static int64_t stamp_time(const struct statx_timestamp *time)
{
	return time->tv_sec * 1000000000 + time->tv_nsec;
}

void site_stamp_fill(struct site_stamp *out, const struct statx *stx)
{
	*out = (struct site_stamp){
		.device = (uint64_t)stx->stx_dev_major << 32 | stx->stx_dev_minor,
		.inode = stx->stx_ino,
		.size = stx->stx_size,
		.changed = stamp_time(&stx->stx_ctime),
		.modified = stamp_time(&stx->stx_mtime),
	};
}

bool site_stamp_same(const struct site_stamp *a, const struct site_stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->changed == b->changed && a->modified == b->modified;
}
