/* SPDX-License-Identifier: MIT */
#ifndef URING_RING_H
#define URING_RING_H

#include <liburing.h>
#include "uring/internal.h"

#define RING_CANCEL_BIT		1ull	/* in user_data: the answer to a cancel request */

struct uring_ring {
	struct io_uring ring;
	struct uring_list backlog;	/* to be submitted once the queue has room */
	struct msghdr msg;		/* of every multishot recvmsg */
	unsigned in_flight;		/* final CQEs that the kernel owes */
	pid_t owner;			/* the thread that waits; 0: the ring is still disabled */
	bool accept_once;		/* no multishot accept in this kernel */
};

static inline struct uring_op *uring_ring_op(uint64_t user_data)
{
	return (struct uring_op *)(uintptr_t)(user_data & ~RING_CANCEL_BIT);
}

/* Take one CQE. Only while loop->room. */
void uring_ring_complete(struct uring_loop *loop, const struct io_uring_cqe *cqe);
/* No cancel request refers to this operation any longer. */
void uring_ring_cancelled(struct uring_loop *loop, struct uring_op *op);

#endif
