// SPDX-License-Identifier: MIT
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "uring/buffers.h"
#include "uring/caps.h"
#include "uring/fetch.h"
#include "uring/op.h"
#include "uring/timer.h"
#include "uring/warm.h"

#define URING_BUFFERS		256
#define URING_READ_MAX		(1u << 30)

static const struct uring_driver *uring_driver_for(enum uring_backend backend)
{
	struct uring_caps caps;

	if (backend != URING_BACKEND_AUTO)
		return backend == URING_BACKEND_RING ? &uring_ring_driver : &uring_epoll_driver;
	caps = uring_probe();
	return caps.ring && caps.multishot_recv ? &uring_ring_driver : &uring_epoll_driver;
}

static bool loop_sigpipe_ignored(void)
{
	struct sigaction now;

	return !sigaction(SIGPIPE, NULL, &now) && now.sa_handler == SIG_IGN;
}

int uring_loop_new(struct uring_loop **out, const struct uring_options *options)
{
	struct uring_options copy = options ? *options : (struct uring_options){ 0 };
	struct uring_loop *loop;
	int ret;

	if (!copy.buffers)
		copy.buffers = URING_BUFFERS;
	if (copy.buffers & (copy.buffers - 1) || copy.buffers > 32768)
		return -EINVAL;
	loop = calloc(1, sizeof(*loop));
	if (!loop)
		return -ENOMEM;
	loop->sigpipe_ignored = loop_sigpipe_ignored();
	STAILQ_INIT(&loop->free_ops);
	STAILQ_INIT(&loop->done);
	STAILQ_INIT(&loop->waiting_buffer);
	loop->driver = uring_driver_for(copy.backend);
	ret = uring_timers_init(loop);
	if (ret)
		goto fail;
	ret = uring_buffers_new(loop, copy.buffers, loop->driver->backend == URING_BACKEND_RING);
	if (ret)
		goto fail;
	ret = loop->driver->open(loop, &copy);
	if (ret)
		goto fail;
	*out = loop;
	return 0;
fail:
	uring_buffers_free(loop);
	free(loop);
	return ret;
}

void uring_loop_free(struct uring_loop *loop)
{
	if (!loop)
		return;
	loop->closing = true;
	loop->driver->close(loop);
	uring_ops_free(loop);
	uring_pool_free(loop);
	uring_fetch_free(loop);
	uring_warm_free(loop);
	uring_buffers_free(loop);
	free(loop);
}

enum uring_backend uring_loop_backend(const struct uring_loop *loop)
{
	return loop->driver->backend;
}

static int loop_turn(struct uring_loop *loop, struct uring_completion *completions, unsigned max,
		     bool now)
{
	int ret;

	loop->out = completions;
	loop->room = max;
	uring_timers_expire(loop);
	uring_ops_flush(loop);
	uring_ops_feed(loop);
	now |= loop->room < max || (!STAILQ_EMPTY(&loop->waiting_buffer) && loop->buffers.free);
	ret = loop->driver->wait(loop, now ? 0 : uring_timers_msecs(loop));
	uring_timers_expire(loop);
	uring_ops_flush(loop);
	max -= loop->room;
	loop->room = 0;
	return max || ret == -EINTR ? (int)max : ret;
}

int uring_loop_wait(struct uring_loop *loop, struct uring_completion *completions, unsigned max)
{
	return loop_turn(loop, completions, max, false);
}

int uring_loop_look(struct uring_loop *loop, struct uring_completion *completions, unsigned max)
{
	return loop_turn(loop, completions, max, true);
}

static int uring_start(struct uring_loop *loop, int fd, enum uring_kind kind, uint64_t tag,
		       void *buf, size_t len)
{
	struct uring_op *op;
	int ret = uring_op_new(loop, fd, kind, tag, &op);

	if (ret)
		return ret;
	op->buf = buf;
	op->len = (uint32_t)len;
	loop->driver->start(loop, op);
	return 0;
}

int uring_accept(struct uring_loop *loop, int fd, uint64_t tag)
{
	return uring_start(loop, fd, URING_ACCEPT, tag, NULL, 0);
}

int uring_connect(struct uring_loop *loop, int fd, const void *addr, unsigned addr_len,
		  uint64_t tag)
{
	void *copy = malloc(addr_len);
	int ret;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, addr, addr_len);
	ret = uring_start(loop, fd, URING_CONNECT, tag, copy, addr_len);
	if (ret)
		free(copy);
	return ret;
}

int uring_recv(struct uring_loop *loop, int fd, size_t max, uint64_t tag)
{
	if (!max || max > URING_BUFFER_SIZE)
		return -EINVAL;
	return uring_start(loop, fd, URING_RECV, tag, NULL, max);
}

int uring_recvmsg(struct uring_loop *loop, int fd, uint64_t tag)
{
	return uring_start(loop, fd, URING_RECVMSG, tag, NULL, 0);
}

int uring_poll(struct uring_loop *loop, int fd, short events, uint64_t tag)
{
	struct uring_op *op;
	int ret = uring_op_new(loop, fd, URING_POLL, tag, &op);

	if (ret)
		return ret;
	op->flags = events;
	loop->driver->start(loop, op);
	return 0;
}

int uring_read(struct uring_loop *loop, int fd, void *buf, size_t len, uint64_t offset,
	       uint64_t tag)
{
	struct uring_op *op;
	int ret = uring_op_new(loop, fd, URING_READ, tag, &op);

	if (ret)
		return ret;
	op->buf = buf;
	op->len = len < URING_READ_MAX ? (uint32_t)len : URING_READ_MAX;
	op->offset = offset;
	op->target = fd;
	loop->driver->start(loop, op);
	return 0;
}

static void uring_op_cancel(struct uring_loop *loop, struct uring_op *op)
{
	if (op->state & URING_OP_CANCELLED)
		return;
	op->state |= URING_OP_CANCELLED;
	if (op->state & URING_OP_WAITS_BUFFER)
		loop->sweep = true;
	else
		loop->driver->cancel(loop, op);
}

void uring_cancel(struct uring_loop *loop, int fd)
{
	struct uring_op *op;

	if (fd < 0 || (unsigned)fd >= loop->fds)
		return;
	SLIST_FOREACH(op, &loop->on_fd[fd], on_fd)
		uring_op_cancel(loop, op);
}

void uring_cancel_tag(struct uring_loop *loop, int fd, uint64_t tag)
{
	struct uring_op *op;

	if (fd < 0 || (unsigned)fd >= loop->fds)
		return;
	SLIST_FOREACH(op, &loop->on_fd[fd], on_fd) {
		if (op->tag == tag)
			uring_op_cancel(loop, op);
	}
}

void uring_close(struct uring_loop *loop, int fd)
{
	loop->driver->close_fd(loop, fd);
}
