// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "uring/caps.h"
#include "uring/op.h"
#include "uring/ring.h"
#include "uring/ring_setup.h"

#define RING_BUFFER_GROUP	0
#define RING_NO_MEMORY_PAUSE	10	/* milliseconds */

static int ring_open(struct uring_loop *loop, const struct uring_options *options)
{
	struct uring_caps caps = uring_probe();
	struct io_uring_buf_reg reg = {
		.ring_addr = (uintptr_t)loop->buffers.ring,
		.ring_entries = loop->buffers.count,
		.bgid = RING_BUFFER_GROUP,
	};
	struct uring_ring *ring;
	int ret;

	if (!caps.ring)
		return -caps.ring_error;
	if (!caps.multishot_recv)
		return -ENOSYS;
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	STAILQ_INIT(&ring->backlog);
	ring->msg.msg_controllen = URING_CONTROL_SPACE;
	ring->accept_once = !caps.multishot_accept;
	ret = uring_ring_setup(&ring->ring, options->entries);
	if (ret)
		goto fail;
	ret = io_uring_register_buf_ring(&ring->ring, &reg, 0);
	if (ret) {
		io_uring_queue_exit(&ring->ring);
		goto fail;
	}
	uring_ring_restrict(&ring->ring);
	loop->state = ring;
	return 0;
fail:
	free(ring);
	return ret;
}

/* The thread that waits enables the ring: the only one that may submit. */
static int ring_enable(struct uring_ring *ring)
{
	int ret = ring->owner ? 0 : uring_ring_enable(&ring->ring);

	if (!ret && !ring->owner)
		ring->owner = gettid();
	return ret;
}

static void ring_prepare(struct uring_ring *ring, struct io_uring_sqe *sqe, struct uring_op *op)
{
	switch ((enum uring_kind)op->kind) {
	case URING_ACCEPT:
		if (ring->accept_once)
			io_uring_prep_accept(sqe, op->fd, NULL, NULL, SOCK_CLOEXEC);
		else
			io_uring_prep_multishot_accept(sqe, op->fd, NULL, NULL, SOCK_CLOEXEC);
		break;
	case URING_CONNECT:
		io_uring_prep_connect(sqe, op->fd, op->buf, op->len);
		break;
	case URING_RECV:
		io_uring_prep_recv(sqe, op->fd, NULL, op->len, 0);
		io_uring_sqe_set_flags(sqe, IOSQE_BUFFER_SELECT);
		sqe->buf_group = RING_BUFFER_GROUP;
		break;
	case URING_RECVMSG:
		io_uring_prep_recvmsg_multishot(sqe, op->fd, &ring->msg, 0);
		io_uring_sqe_set_flags(sqe, IOSQE_BUFFER_SELECT);
		sqe->buf_group = RING_BUFFER_GROUP;
		break;
	case URING_POLL:
		io_uring_prep_poll_add(sqe, op->fd, op->flags);
		break;
	case URING_POLL_CHANGES:
		io_uring_prep_poll_multishot(sqe, op->fd, op->flags);
		break;
	case URING_READ:
		io_uring_prep_read(sqe, op->target, op->buf, op->len, op->offset);
		break;
	case URING_SEND:
		io_uring_prep_send(sqe, op->fd, op->buf, op->len, op->flags);
		break;
	case URING_SENDMSG:
		io_uring_prep_sendmsg(sqe, op->fd, op->buf, op->flags);
		break;
	case URING_FETCH:
		/* The file is not in memory: even submitting the read may block. */
		io_uring_prep_read(sqe, op->target, op->buf, op->len, op->offset);
		io_uring_sqe_set_flags(sqe, IOSQE_ASYNC);
		break;
	}
	io_uring_sqe_set_data(sqe, op);
}

/* False: the submission queue is full. */
static bool ring_submit_op(struct uring_ring *ring, struct uring_op *op)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->ring);

	if (!sqe)
		return false;
	ring_prepare(ring, sqe, op);
	op->state |= URING_OP_IN_FLIGHT;
	ring->in_flight++;
	return true;
}

static bool ring_submit_cancel(struct uring_ring *ring, struct uring_op *op)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->ring);

	if (!sqe)
		return false;
	op->state |= URING_OP_CANCELLING;
	io_uring_prep_cancel64(sqe, (uintptr_t)op, 0);
	io_uring_sqe_set_data64(sqe, (uintptr_t)op | RING_CANCEL_BIT);
	ring->in_flight++;
	return true;
}

static void ring_start(struct uring_loop *loop, struct uring_op *op)
{
	struct uring_ring *ring = loop->state;

	if (op->state & URING_OP_QUEUED)
		return;			/* in the backlog, to cancel its previous step */
	if (op->state & URING_OP_CANCELLED || !ring_submit_op(ring, op))
		uring_list_add(&ring->backlog, op);
}

static void ring_cancel(struct uring_loop *loop, struct uring_op *op)
{
	struct uring_ring *ring = loop->state;

	if (!(op->state & URING_OP_IN_FLIGHT) || op->state & URING_OP_QUEUED)
		return;			/* in the backlog, which will end or cancel it */
	if (op->state & URING_OP_CANCELLING)
		return;			/* the answer to that request decides */
	if (!ring_submit_cancel(ring, op))
		uring_list_add(&ring->backlog, op);
}

static void ring_free_ended(struct uring_loop *loop, struct uring_op *op)
{
	if (op->state & URING_OP_ENDED && !(op->state & URING_OP_CANCELLING))
		uring_op_free(loop, op);
}

/* False: the submission queue is full again. */
static bool ring_drain_backlog(struct uring_loop *loop, struct uring_ring *ring)
{
	struct uring_op *op;

	while ((op = STAILQ_FIRST(&ring->backlog))) {
		if (!io_uring_sq_space_left(&ring->ring))
			return false;
		uring_list_take(&ring->backlog);
		if (op->state & URING_OP_ENDED)
			ring_free_ended(loop, op);
		else if (op->state & URING_OP_IN_FLIGHT)
			ring_submit_cancel(ring, op);
		else if (op->state & URING_OP_CANCELLED)
			uring_op_done(loop, op, -ECANCELED);
		else
			ring_submit_op(ring, op);
	}
	return true;
}

static void ring_reap(struct uring_loop *loop, struct uring_ring *ring)
{
	struct io_uring_cqe *cqe;
	unsigned head, seen = 0;

	io_uring_for_each_cqe(&ring->ring, head, cqe) {
		if (!loop->room)
			break;
		uring_ring_complete(loop, cqe);
		seen++;
	}
	io_uring_cq_advance(&ring->ring, seen);
}

/* Submit, and wait up to msecs (-1: for ever) for a CQE. */
static int ring_enter(struct uring_ring *ring, int msecs)
{
	struct __kernel_timespec ts = {
		.tv_sec = msecs / 1000, .tv_nsec = msecs % 1000 * 1000000ll,
	};
	struct io_uring_cqe *cqe;

	if (!msecs)
		return io_uring_submit_and_get_events(&ring->ring);
	return io_uring_submit_and_wait_timeout(&ring->ring, &cqe, 1, msecs < 0 ? NULL : &ts, NULL);
}

/* What remains of an error of io_uring_enter: 0 if the next call may succeed. -EBUSY passes once
 * the completion queue is reaped; if the kernel lacks memory, the caller sleeps here for a
 * moment. */
static int ring_enter_error(int ret)
{
	if (ret == -ENOMEM || ret == -EAGAIN)
		poll(NULL, 0, RING_NO_MEMORY_PAUSE);
	else if (ret < 0 && ret != -ETIME && ret != -EBUSY && ret != -EINTR)
		return ret;
	return 0;
}

static int ring_wait(struct uring_loop *loop, int msecs)
{
	struct uring_ring *ring = loop->state;
	unsigned room = loop->room;
	int ret = ring_enable(ring);

	if (ret)
		return ret;
	while (ret >= 0 && !ring_drain_backlog(loop, ring))
		ret = io_uring_submit(&ring->ring);
	if (ret >= 0)
		ret = ring_enter(ring, loop->room < room ? 0 : msecs);
	ring_reap(loop, ring);
	return ring_enter_error(ret);
}

static void ring_close_fd(struct uring_loop *loop, int fd)
{
	struct uring_ring *ring = loop->state;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->ring);

	if (!sqe) {
		close(fd);
		return;
	}
	io_uring_prep_close(sqe, fd);
	io_uring_sqe_set_data(sqe, NULL);
	io_uring_sqe_set_flags(sqe, IOSQE_CQE_SKIP_SUCCESS);
}

/* Drop the CQEs of a loop that is being freed: close accepted descriptors, free operations. */
static void ring_discard(struct uring_loop *loop, struct uring_ring *ring)
{
	struct io_uring_cqe *cqe;
	unsigned head, seen = 0;

	io_uring_for_each_cqe(&ring->ring, head, cqe) {
		struct uring_op *op = uring_ring_op(cqe->user_data);

		seen++;
		if (!op)
			continue;
		ring->in_flight -= !(cqe->flags & IORING_CQE_F_MORE);
		if (cqe->user_data & RING_CANCEL_BIT)
			uring_ring_cancelled(loop, op);
		else if (op->kind == URING_ACCEPT && cqe->res >= 0)
			close(cqe->res);
	}
	io_uring_cq_advance(&ring->ring, seen);
}

static void ring_cancel_all(struct uring_ring *ring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->ring);

	if (!sqe)
		return;
	io_uring_prep_cancel64(sqe, 0, IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL);
	io_uring_sqe_set_data(sqe, NULL);
}

/* Do by hand the closes that were never submitted. */
static void ring_close_unsubmitted(const struct uring_ring *ring)
{
	const struct io_uring_sq *sq = &ring->ring.sq;

	for (unsigned at = *sq->khead; at != sq->sqe_tail; at++) {
		const struct io_uring_sqe *sqe = &sq->sqes[at & *sq->kring_mask];

		if (sqe->opcode == IORING_OP_CLOSE)
			close(sqe->fd);
	}
}

/* Cancel what is in flight until the kernel holds nothing any longer, or the ring is broken. */
static void ring_end_all(struct uring_loop *loop, struct uring_ring *ring)
{
	int ret = 0;

	do {
		if (ring->in_flight)
			ring_cancel_all(ring);
		ret = ring_enter_error(ring_enter(ring, ring->in_flight ? 100 : 0));
		ring_discard(loop, ring);
	} while (!ret && (ring->in_flight || io_uring_sq_ready(&ring->ring)));
}

static void ring_close(struct uring_loop *loop)
{
	struct uring_ring *ring = loop->state;
	struct uring_op *op;

	ring_enable(ring);
	while ((op = uring_list_take(&ring->backlog)))
		ring_free_ended(loop, op);
	/* If the owner has ended, the kernel has cancelled everything, and nobody else may
	 * submit. */
	if (ring->owner == gettid())
		ring_end_all(loop, ring);
	else
		ring_discard(loop, ring);
	ring_close_unsubmitted(ring);
	io_uring_queue_exit(&ring->ring);
	free(ring);
}

const struct uring_driver uring_ring_driver = {
	.backend = URING_BACKEND_RING,
	.open = ring_open,
	.close = ring_close,
	.start = ring_start,
	.cancel = ring_cancel,
	.wait = ring_wait,
	.close_fd = ring_close_fd,
};
