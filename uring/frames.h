/* SPDX-License-Identifier: MIT */
#ifndef URING_FRAMES_H
#define URING_FRAMES_H

#include "uring/internal.h"

/* Start the next step of a message with frames, or end it. */
void uring_frames_next(struct uring_loop *loop, struct uring_transmit *transmit);
/* The socket took `sent` bytes. Returns 1 to go on, or -errno that ends the message. */
int uring_frames_sent(struct uring_loop *loop, struct uring_transmit *transmit, size_t sent);

#endif
