// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include "uring/buffers.h"
#include "uring/op.h"
#include "uring/ring.h"

void uring_ring_cancelled(struct uring_loop *loop, struct uring_op *op)
{
	op->state &= ~URING_OP_CANCELLING;
	if (op->state & URING_OP_ENDED && !(op->state & URING_OP_QUEUED))
		uring_op_free(loop, op);
}

static void ring_cancel_answered(struct uring_loop *loop, struct uring_op *op, int res)
{
	bool wanted = op->state & URING_OP_CANCELLED || (op->kind == URING_POLL_CHANGES && op->res);

	if (res != -ENOENT || !(op->state & URING_OP_IN_FLIGHT) || !wanted || loop->closing) {
		uring_ring_cancelled(loop, op);
		return;
	}
	/* The kernel does not find an operation that it is executing at this moment: ask again. */
	op->state &= ~URING_OP_CANCELLING;
	loop->driver->cancel(loop, op);
}

/*
 * io_uring's poll ends with POLLRDHUP even if nobody asked for it, and after the peer's FIN it
 * would do so at once each time. Then a multishot poll waits instead, which reports only changes.
 * It does not end by itself when the wanted events come, so it is cancelled.
 */
static void ring_polled(struct uring_loop *loop, struct uring_op *op, int res, bool more)
{
	int events = res < 0 ? 0 : res & (op->flags | POLLERR | POLLHUP | POLLNVAL);

	if (op->kind == URING_POLL_CHANGES)
		events |= op->res;
	if (more) {
		op->res = events;
		if (events)
			loop->driver->cancel(loop, op);
	} else if (res >= 0 && !events) {
		op->kind = URING_POLL_CHANGES;
		op->res = 0;
		loop->driver->start(loop, op);
	} else {
		op->kind = URING_POLL;
		uring_op_done(loop, op, events ? events : res);
	}
}

static void ring_accepted(struct uring_loop *loop, struct uring_op *op, int res, bool more)
{
	struct uring_completion *completion;

	if (res >= 0) {
		completion = uring_op_completion(loop, op);
		completion->res = res;
		completion->flags = URING_COMPLETION_MORE;
	} else if (res != -ECONNABORTED) {
		uring_op_end(loop, op, res);
		return;
	}
	if (!more)
		loop->driver->start(loop, op);
}

static void ring_received(struct uring_loop *loop, struct uring_op *op, int res, unsigned flags)
{
	unsigned id = flags >> IORING_CQE_BUFFER_SHIFT;
	struct uring_completion *completion;

	if (res == -ENOBUFS) {
		uring_op_wait_buffer(loop, op);
		return;
	}
	if (flags & IORING_CQE_F_BUFFER && res <= 0)
		uring_buffer_put(loop, (uint16_t)id);
	if (res <= 0) {
		uring_op_end(loop, op, res);
		return;
	}
	completion = uring_op_completion(loop, op);
	completion->res = res;
	completion->flags = URING_COMPLETION_BUFFER;
	completion->buffer = (uint16_t)id;
	completion->data = uring_buffer_at(loop, id);
	uring_op_forget(loop, op);
}

static void ring_received_message(struct uring_loop *loop, struct uring_op *op, int res,
				  unsigned flags)
{
	unsigned id = flags >> IORING_CQE_BUFFER_SHIFT;
	const struct io_uring_recvmsg_out *out = uring_buffer_at(loop, id);
	struct uring_completion *completion;

	if (res == -ENOBUFS) {
		uring_op_wait_buffer(loop, op);
		return;
	}
	if (res < URING_RECEIVE_OFFSET || (res == URING_RECEIVE_OFFSET && !out->controllen)) {
		if (flags & IORING_CQE_F_BUFFER)
			uring_buffer_put(loop, (uint16_t)id);
		uring_op_end(loop, op, res < 0 ? res : 0);
		return;
	}
	completion = uring_op_completion(loop, op);
	completion->res = res - URING_RECEIVE_OFFSET;
	completion->flags = URING_COMPLETION_BUFFER;
	completion->buffer = (uint16_t)id;
	completion->msg_flags = (int)out->flags;
	completion->control = (const char *)out + URING_RECEIVE_HEADER;
	completion->control_len = out->controllen;
	completion->data = (char *)uring_buffer_at(loop, id) + URING_RECEIVE_OFFSET;
	if (!completion->res) {
		uring_op_forget(loop, op);
		return;
	}
	completion->flags |= URING_COMPLETION_MORE;
	if (!(flags & IORING_CQE_F_MORE))
		loop->driver->start(loop, op);
}

void uring_ring_complete(struct uring_loop *loop, const struct io_uring_cqe *cqe)
{
	struct uring_ring *ring = loop->state;
	uint64_t data = io_uring_cqe_get_data64(cqe);
	struct uring_op *op = uring_ring_op(data);
	bool more = cqe->flags & IORING_CQE_F_MORE;
	int res = cqe->res;

	if (!op)
		return;
	if (!more)
		ring->in_flight--;
	if (data & RING_CANCEL_BIT) {
		ring_cancel_answered(loop, op, cqe->res);
		return;
	}
	if (!more)
		op->state &= ~URING_OP_IN_FLIGHT;
	if (res == -EINTR && op->state & URING_OP_CANCELLED)
		res = -ECANCELED;	/* one of the kernel's workers was executing it */
	if (cqe->flags & IORING_CQE_F_BUFFER)
		loop->buffers.free--;
	if (op->kind == URING_ACCEPT)
		ring_accepted(loop, op, res, more);
	else if (op->kind == URING_RECV)
		ring_received(loop, op, res, cqe->flags);
	else if (op->kind == URING_RECVMSG)
		ring_received_message(loop, op, res, cqe->flags);
	else if (op->kind == URING_POLL || op->kind == URING_POLL_CHANGES)
		ring_polled(loop, op, res, more);
	else
		uring_op_done(loop, op, res);
}
