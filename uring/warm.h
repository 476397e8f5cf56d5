/* SPDX-License-Identifier: MIT */
#ifndef URING_WARM_H
#define URING_WARM_H

#include "uring/internal.h"

/* Note that the range was read, so that it is in memory now. */
void uring_warm_note(struct uring_loop *loop, int fd, uint64_t start, uint64_t end);
/* How far, up to `end`, was the file read from offset on a moment ago? Returns offset if it was
 * not. */
uint64_t uring_warm_end(struct uring_loop *loop, int fd, uint64_t offset, uint64_t end);
void uring_warm_free(struct uring_loop *loop);

#endif
