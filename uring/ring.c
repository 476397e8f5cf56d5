/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <liburing.h>

#include "uring/internal.h"

#define URING_ENTRIES		256
#define URING_CQ_FACTOR		16	/* completions per submission queue entry */
#define URING_ENTRIES_MAX	4096
#define URING_GROUP		0	/* of the receive buffers */

#define URING_CANCEL_BIT	1ull	/* user_data: the answer to a cancel request */

struct uring_ring {
	struct io_uring ring;
	struct uring_list backlog;	/* no room in the submission queue for these yet */
	struct msghdr msg;		/* what every multishot recvmsg looks like */
	unsigned in_flight;		/* final completions that the kernel owes */
	pid_t owner;			/* thread that waits; 0: not enabled yet */
	bool accept_once;		/* the kernel knows no multishot accept */
};

static int ring_setup(struct io_uring *ring, unsigned entries)
{
	static const unsigned flags[] = {
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_COOP_TASKRUN,
		IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
	};
	int ret = -EINVAL;

	for (unsigned i = 0; ret == -EINVAL && i < 2; i++) {
		struct io_uring_params params = {
			.flags = flags[i] | IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE |
				 IORING_SETUP_CLAMP | IORING_SETUP_SUBMIT_ALL,
			.cq_entries = entries * URING_CQ_FACTOR,
		};

		ret = io_uring_queue_init_params(entries, ring, &params);
	}
	return ret;
}

/*
 * Let the kernel hold the ring to what is done below: whoever gets hold of the process cannot open
 * files or sockets through it behind the back of a seccomp filter. A kernel that knows no restrictions
 * goes without.
 */
static void ring_restrict(struct io_uring *ring)
{
	static const uint8_t operations[] = {
		IORING_OP_ACCEPT, IORING_OP_CONNECT, IORING_OP_RECV, IORING_OP_RECVMSG, IORING_OP_POLL_ADD,
		IORING_OP_READ, IORING_OP_SEND, IORING_OP_SENDMSG, IORING_OP_ASYNC_CANCEL,
		IORING_OP_CLOSE,
	};
	/* What is left to do once it is enabled: liburing's own use of registered ring descriptors. */
	static const uint8_t registers[] = { IORING_REGISTER_RING_FDS, IORING_UNREGISTER_RING_FDS };
	struct io_uring_restriction all[sizeof(operations) + sizeof(registers) + 1] = { 0 };
	unsigned count = 0;

	for (size_t i = 0; i < sizeof(operations); i++, count++) {
		all[count].opcode = IORING_RESTRICTION_SQE_OP;
		all[count].sqe_op = operations[i];
	}
	for (size_t i = 0; i < sizeof(registers); i++, count++) {
		all[count].opcode = IORING_RESTRICTION_REGISTER_OP;
		all[count].register_op = registers[i];
	}
	all[count].opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
	all[count++].sqe_flags = IOSQE_BUFFER_SELECT | IOSQE_CQE_SKIP_SUCCESS | IOSQE_ASYNC;
	/* By hand, as below: liburing 2.3 does not export this either. */
	syscall(__NR_io_uring_register, ring->ring_fd, IORING_REGISTER_RESTRICTIONS, all, count);
}

static int ring_open(struct uring_loop *loop, const struct uring_options *options)
{
	const struct uring_caps *caps = uring_probe();
	unsigned entries = options->entries ? options->entries : URING_ENTRIES;
	struct io_uring_buf_reg reg = {
		.ring_addr = (uintptr_t)loop->buffers.ring,
		.ring_entries = loop->buffers.count,
		.bgid = URING_GROUP,
	};
	struct uring_ring *ring;
	int ret;

	if (!caps->ring)
		return -caps->ring_error;
	if (!caps->multishot_recv)
		return -ENOSYS;
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	uring_list_init(&ring->backlog);
	ring->msg.msg_controllen = URING_CONTROL_SPACE;
	ring->accept_once = !caps->multishot_accept;
	ret = ring_setup(&ring->ring, entries < URING_ENTRIES_MAX ? entries : URING_ENTRIES_MAX);
	if (ret)
		goto fail;
	ret = io_uring_register_buf_ring(&ring->ring, &reg, 0);
	if (ret) {
		io_uring_queue_exit(&ring->ring);
		goto fail;
	}
	ring_restrict(&ring->ring);
	loop->state = ring;
	return 0;
fail:
	free(ring);
	return ret;
}

/* The thread that waits is the one that submits; the one that made the loop may be another. */
static int ring_enable(struct uring_ring *ring)
{
	/* By hand: liburing 2.3 declares a call for this, but does not export it. */
	if (syscall(__NR_io_uring_register, ring->ring.ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0))
		return -errno;
	io_uring_register_ring_fd(&ring->ring);
	ring->owner = gettid();
	return 0;
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
		sqe->buf_group = URING_GROUP;
		break;
	case URING_RECVMSG:
		io_uring_prep_recvmsg_multishot(sqe, op->fd, &ring->msg, 0);
		io_uring_sqe_set_flags(sqe, IOSQE_BUFFER_SELECT);
		sqe->buf_group = URING_GROUP;
		break;
	case URING_POLL:
		io_uring_prep_poll_add(sqe, op->fd, op->flags);
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
		/* It is known to be missing: not even the request for it shall keep us. */
		io_uring_prep_read(sqe, op->target, op->buf, op->len, op->offset);
		io_uring_sqe_set_flags(sqe, IOSQE_ASYNC);
		break;
	}
	io_uring_sqe_set_data(sqe, op);
}

/* True when it found room in the submission queue. */
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
	io_uring_prep_cancel64(sqe, (uintptr_t)op, 0);
	io_uring_sqe_set_data64(sqe, (uintptr_t)op | URING_CANCEL_BIT);
	ring->in_flight++;
	return true;
}

static void ring_start(struct uring_loop *loop, struct uring_op *op)
{
	struct uring_ring *ring = loop->state;

	if (op->state & URING_OP_QUEUED)
		return;			/* was to be cancelled: the backlog sees to it */
	if (op->state & URING_OP_CANCELLED || !ring_submit_op(ring, op))
		uring_list_add(&ring->backlog, op);
}

static void ring_cancel(struct uring_loop *loop, struct uring_op *op)
{
	struct uring_ring *ring = loop->state;

	if (!(op->state & URING_OP_IN_FLIGHT))
		return;			/* in the backlog, which ends it */
	op->state |= URING_OP_CANCELLING;
	if (!ring_submit_cancel(ring, op))
		uring_list_add(&ring->backlog, op);
}

/* Nothing refers to this operation for the sake of cancelling it any longer. */
static void ring_cancelled(struct uring_loop *loop, struct uring_op *op)
{
	op->state &= ~URING_OP_CANCELLING;
	if (op->state & URING_OP_ENDED && !(op->state & URING_OP_QUEUED))
		uring_op_free(loop, op);
}

/* False when the submission queue has filled up once more. */
static bool ring_drain_backlog(struct uring_loop *loop, struct uring_ring *ring)
{
	struct uring_op *op;

	while ((op = ring->backlog.first)) {
		if (!io_uring_sq_space_left(&ring->ring))
			return false;
		uring_list_take(&ring->backlog);
		if (op->state & URING_OP_ENDED)
			ring_cancelled(loop, op);
		else if (op->state & URING_OP_IN_FLIGHT)
			ring_submit_cancel(ring, op);
		else if (op->state & URING_OP_CANCELLED) {
			op->state &= ~URING_OP_CANCELLING;
			uring_op_done(loop, op, -ECANCELED);
		} else {
			ring_submit_op(ring, op);
		}
	}
	return true;
}

static void ring_cancel_answered(struct uring_loop *loop, struct uring_op *op, int res)
{
	/* Between two steps inside the kernel an operation cannot be found: ask again. */
	if (res == -ENOENT && op->state & URING_OP_IN_FLIGHT && !loop->closing)
		ring_cancel(loop, op);
	else
		ring_cancelled(loop, op);
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
		ring_start(loop, op);
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

static void ring_received_message(struct uring_loop *loop, struct uring_op *op, int res, unsigned flags)
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
		ring_start(loop, op);
}

static void ring_complete(struct uring_loop *loop, const struct io_uring_cqe *cqe)
{
	struct uring_ring *ring = loop->state;
	uint64_t data = io_uring_cqe_get_data64(cqe);
	struct uring_op *op = (struct uring_op *)(uintptr_t)(data & ~URING_CANCEL_BIT);
	bool more = cqe->flags & IORING_CQE_F_MORE;
	int res = cqe->res;

	if (!op)
		return;
	if (!more)
		ring->in_flight--;
	if (data & URING_CANCEL_BIT) {
		ring_cancel_answered(loop, op, cqe->res);
		return;
	}
	if (!more)
		op->state &= ~URING_OP_IN_FLIGHT;
	if (res == -EINTR && op->state & URING_OP_CANCELLED)
		res = -ECANCELED;	/* a worker thread was in the middle of it */
	if (cqe->flags & IORING_CQE_F_BUFFER)
		loop->buffers.free--;
	if (op->kind == URING_ACCEPT)
		ring_accepted(loop, op, res, more);
	else if (op->kind == URING_RECV)
		ring_received(loop, op, res, cqe->flags);
	else if (op->kind == URING_RECVMSG)
		ring_received_message(loop, op, res, cqe->flags);
	else
		uring_op_done(loop, op, res);
}

static void ring_reap(struct uring_loop *loop, struct uring_ring *ring)
{
	struct io_uring_cqe *cqe;
	unsigned head, seen = 0;

	io_uring_for_each_cqe(&ring->ring, head, cqe) {
		if (!loop->room)
			break;
		ring_complete(loop, cqe);
		seen++;
	}
	io_uring_cq_advance(&ring->ring, seen);
}

static int ring_wait(struct uring_loop *loop, int msecs)
{
	struct uring_ring *ring = loop->state;
	struct __kernel_timespec ts = { .tv_sec = msecs / 1000, .tv_nsec = msecs % 1000 * 1000000ll };
	unsigned room = loop->room;
	struct io_uring_cqe *cqe;
	int ret = ring->owner ? 0 : ring_enable(ring);

	while (!ret && !ring_drain_backlog(loop, ring)) {
		ret = io_uring_submit(&ring->ring);
		ret = ret < 0 ? ret : 0;
	}
	if (ret)
		return ret;
	if (!msecs || loop->room < room)
		ret = io_uring_submit_and_get_events(&ring->ring);
	else
		ret = io_uring_submit_and_wait_timeout(&ring->ring, &cqe, 1, msecs < 0 ? NULL : &ts, NULL);
	ring_reap(loop, ring);
	return ret == -ETIME || ret == -EAGAIN || ret == -EBUSY || ret > 0 ? 0 : ret;
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

/* What comes in after the end: only descriptors and cancelled operations matter. */
static void ring_discard(struct uring_loop *loop, struct uring_ring *ring)
{
	struct io_uring_cqe *cqe;
	unsigned head, seen = 0;

	io_uring_for_each_cqe(&ring->ring, head, cqe) {
		struct uring_op *op = (struct uring_op *)(uintptr_t)(cqe->user_data & ~URING_CANCEL_BIT);

		seen++;
		if (!op)
			continue;
		ring->in_flight -= !(cqe->flags & IORING_CQE_F_MORE);
		if (cqe->user_data & URING_CANCEL_BIT)
			ring_cancelled(loop, op);
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

static void ring_close(struct uring_loop *loop)
{
	struct uring_ring *ring = loop->state;
	struct __kernel_timespec ts = { .tv_nsec = 100 * 1000000ll };
	struct io_uring_cqe *cqe;
	struct uring_op *op;

	if (!ring->owner)
		ring_enable(ring);
	while ((op = uring_list_take(&ring->backlog))) {
		if (op->state & URING_OP_ENDED)
			ring_cancelled(loop, op);
	}
	/* A thread that has ended took with it what it had in flight. */
	if (ring->owner == gettid())
		io_uring_submit(&ring->ring);
	while (ring->owner == gettid() && ring->in_flight) {
		ring_cancel_all(ring);
		io_uring_submit_and_wait_timeout(&ring->ring, &cqe, 1, &ts, NULL);
		ring_discard(loop, ring);
	}
	ring_discard(loop, ring);
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
