/* SPDX-License-Identifier: MIT */
#ifndef URING_ENCODER_H
#define URING_ENCODER_H

#include <sys/uio.h>

/* Turns a message's bytes into what the socket is given, say sealed records. */
struct uring_encoder {
	/* Encode `count` pieces, len bytes in all, into out, without a look at them once it has
	 * returned. Returns the number of bytes in out, or -errno that ends the message. What is
	 * encoded is sent, in this order, or the message ends with an error. */
	long (*encode)(void *user, const struct iovec *pieces, size_t count, size_t len, void *out);
	unsigned overhead; /* bytes by which out is longer, at most, for each 16384 bytes or
				 * a rest of them; 64 at most */
};

#endif
