/* SPDX-License-Identifier: MIT */
#ifndef URING_FETCH_H
#define URING_FETCH_H

#include "uring/internal.h"

/* May the file be sent from its current offset on without waiting for the disk? Returns 1 and
 * shortens the range that ends at *end to what may be sent; -EINPROGRESS if a step was started that
 * reads it; 0 if neither is possible. */
int uring_fetch(struct uring_loop *loop, struct uring_transmit *transmit, uint64_t *end);
/* A URING_FETCH or URING_READ of the transmission ended with res. */
void uring_fetch_done(struct uring_loop *loop, struct uring_transmit *transmit, int res);
/* Has the file's next byte left memory since uring_fetch() returned 1? Then ask it again. */
bool uring_fetch_again(struct uring_loop *loop, struct uring_transmit *transmit);
/* As uring_read_now(), for a file of known residency; finds out what is unknown. */
ssize_t uring_fetch_read(struct uring_loop *loop, enum uring_residency *residency, int fd,
			 void *buf, size_t len, uint64_t offset);
void uring_fetch_free(struct uring_loop *loop);

#endif
