/* SPDX-License-Identifier: MIT */
#ifndef URING_SENDFILE_H
#define URING_SENDFILE_H

#include "uring/internal.h"

/* Send what the window holds by sendfile, without waiting. Returns the number of bytes or
 * -errno. */
ssize_t uring_sendfile(const struct uring_loop *loop, const struct uring_transmit *transmit);

#endif
