/* SPDX-License-Identifier: MIT */
#ifndef SHIM_H
#define SHIM_H

/*
 * A shim between uring/ and the kernel's ring: the program's own definitions of liburing's submit
 * functions come before liburing's. It can make io_uring_enter fail, and one chosen operation fail
 * or be short. The kernel never executes an operation that the shim fails, so that no byte is lost
 * that the kernel had taken.
 */

#include <dlfcn.h>
#include <errno.h>
#include <liburing.h>
#include <stdbool.h>
#include <sys/socket.h>

static struct shim {
	int enter_error;	/* of each enter_every-th call of io_uring_enter */
	unsigned enter_every;	/* 0: no call fails */
	unsigned enters;	/* calls so far */
	unsigned target;	/* number of the operation to change, from 1; 0: none */
	int error;		/* its result, negative; 0: it is short */
	unsigned operations;	/* submitted so far; cancel requests and closes are not counted */
	unsigned reads;		/* of files, submitted so far */
	uint64_t failing;	/* user_data of the target, once it is submitted */
	uint8_t opcode;		/* of the target */
	bool hit;		/* the target was submitted, and fails or is short */
} shim_own, *shim = &shim_own;	/* may be changed to one that processes share */

static void *shim_next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

/* Halve what the operation transfers, if that can be done. */
static bool shim_shorten(struct io_uring_sqe *sqe)
{
	struct msghdr *msg = (void *)(uintptr_t)sqe->addr;

	switch (sqe->opcode) {
	case IORING_OP_SEND:
	case IORING_OP_RECV:
	case IORING_OP_READ:
		sqe->len = sqe->len > 1 ? sqe->len / 2 : sqe->len;
		return true;
	case IORING_OP_SENDMSG:
		if (msg->msg_controllen)
			return false;	/* a control record goes whole */
		msg->msg_iovlen = 1;
		msg->msg_iov[0].iov_len -= msg->msg_iov[0].iov_len / 2;
		return true;
	default:
		return false;
	}
}

static void shim_operation(struct io_uring_sqe *sqe)
{
	shim->reads += sqe->opcode == IORING_OP_READ;
	if (sqe->opcode == IORING_OP_ASYNC_CANCEL || sqe->opcode == IORING_OP_CLOSE ||
	    ++shim->operations != shim->target)
		return;
	shim->opcode = sqe->opcode;
	if (!shim->error) {
		shim->hit = shim_shorten(sqe);
		return;
	}
	shim->failing = sqe->user_data;
	sqe->fd = -1;
	shim->hit = true;
}

/* False: io_uring_enter is to fail. */
static bool shim_before(struct io_uring *ring)
{
	struct io_uring_sq *sq = &ring->sq;

	if (shim->enter_every && !(++shim->enters % shim->enter_every))
		return false;
	for (unsigned at = sq->sqe_head; at != sq->sqe_tail; at++)
		shim_operation(&sq->sqes[at & *sq->kring_mask]);
	return true;
}

static void shim_after(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;
	unsigned head;

	if (!shim->failing)
		return;
	io_uring_for_each_cqe(ring, head, cqe) {
		if (cqe->user_data != shim->failing || cqe->res != -EBADF)
			continue;
		cqe->res = shim->error;
		shim->failing = 0;
		return;
	}
}

int io_uring_submit(struct io_uring *ring)
{
	int (*next)(struct io_uring *) = shim_next(__func__);
	int ret;

	if (!shim_before(ring))
		return shim->enter_error;
	ret = next(ring);
	shim_after(ring);
	return ret;
}

int io_uring_submit_and_get_events(struct io_uring *ring)
{
	int (*next)(struct io_uring *) = shim_next(__func__);
	int ret;

	if (!shim_before(ring))
		return shim->enter_error;
	ret = next(ring);
	shim_after(ring);
	return ret;
}

int io_uring_submit_and_wait_timeout(struct io_uring *ring, struct io_uring_cqe **cqe,
				     unsigned count, struct __kernel_timespec *ts, sigset_t *mask)
{
	int (*next)(struct io_uring *, struct io_uring_cqe **, unsigned, struct __kernel_timespec *,
		    sigset_t *) = shim_next(__func__);
	int ret;

	if (!shim_before(ring))
		return shim->enter_error;
	ret = next(ring, cqe, count, ts, mask);
	shim_after(ring);
	return ret;
}

#endif
