/* SPDX-License-Identifier: MIT */
#ifndef URING_FETCH_H
#define URING_FETCH_H

#include "uring/internal.h"

/* May the file be sent from its current offset on without waiting for the disk? Returns 1 and
 * shortens the range that ends at *end to what may be sent; -EINPROGRESS if a step was started that
 * reads it; 0 if neither is possible. */
int uring_fetch(struct uring_loop *loop, struct uring_transmit *transmit, uint64_t *end);
/* Has the file's next byte left memory since uring_fetch() returned 1? Then ask it again. */
bool uring_fetch_again(struct uring_transmit *transmit);
void uring_fetch_free(struct uring_loop *loop);

#endif
