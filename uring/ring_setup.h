/* SPDX-License-Identifier: MIT */
#ifndef URING_RING_SETUP_H
#define URING_RING_SETUP_H

struct io_uring;

/* Create a ring with the best flags that this kernel knows, disabled. entries 0: the default. */
int uring_ring_setup(struct io_uring *ring, unsigned entries);
/* Let the kernel refuse what ring.c never does. */
void uring_ring_restrict(struct io_uring *ring);
/* To be called by the thread that will submit. */
int uring_ring_enable(struct io_uring *ring);

#endif
