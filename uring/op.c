// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include "uring/op.h"

#define URING_CHUNK_OPS 72		/* a page of them */

struct uring_chunk {
	SLIST_ENTRY(uring_chunk) next;
	struct uring_op ops[URING_CHUNK_OPS];
};

void uring_list_add(struct uring_list *list, struct uring_op *op)
{
	op->state |= URING_OP_QUEUED;
	STAILQ_INSERT_TAIL(list, op, queued);
}

struct uring_op *uring_list_take(struct uring_list *list)
{
	struct uring_op *op = STAILQ_FIRST(list);

	if (!op)
		return NULL;
	STAILQ_REMOVE_HEAD(list, queued);
	op->state &= ~URING_OP_QUEUED;
	return op;
}

static int uring_ops_grow(struct uring_loop *loop)
{
	struct uring_chunk *chunk = malloc(sizeof(*chunk));

	if (!chunk)
		return -ENOMEM;
	SLIST_INSERT_HEAD(&loop->chunks, chunk, next);
	for (unsigned i = 0; i < URING_CHUNK_OPS; i++)
		STAILQ_INSERT_TAIL(&loop->free_ops, &chunk->ops[i], queued);
	return 0;
}

static int uring_fds_grow(struct uring_loop *loop, int fd)
{
	unsigned fds = loop->fds ? loop->fds : 64;
	struct uring_fd_ops *on_fd;

	while (fds <= (unsigned)fd)
		fds *= 2;
	on_fd = realloc(loop->on_fd, fds * sizeof(*on_fd));
	if (!on_fd)
		return -ENOMEM;
	for (unsigned i = loop->fds; i < fds; i++)
		SLIST_INIT(&on_fd[i]);
	loop->on_fd = on_fd;
	loop->fds = fds;
	return 0;
}

int uring_op_attach(struct uring_loop *loop, struct uring_op *op)
{
	int ret;

	if (op->fd < 0)
		return -EBADF;
	if ((unsigned)op->fd >= loop->fds) {
		ret = uring_fds_grow(loop, op->fd);
		if (ret)
			return ret;
	}
	SLIST_INSERT_HEAD(&loop->on_fd[op->fd], op, on_fd);
	return 0;
}

int uring_op_new(struct uring_loop *loop, int fd, enum uring_kind kind, uint64_t tag,
		 struct uring_op **out)
{
	struct uring_op *op;
	int ret;

	if (STAILQ_EMPTY(&loop->free_ops)) {
		ret = uring_ops_grow(loop);
		if (ret)
			return ret;
	}
	op = STAILQ_FIRST(&loop->free_ops);
	STAILQ_REMOVE_HEAD(&loop->free_ops, queued);
	*op = (struct uring_op){ .tag = tag, .fd = fd, .kind = kind };
	ret = uring_op_attach(loop, op);
	if (ret) {
		uring_op_free(loop, op);
		return ret;
	}
	*out = op;
	return 0;
}

static struct uring_transmit *op_transmit(struct uring_op *op)
{
	return op->state & URING_OP_STEP ? (struct uring_transmit *)op : NULL;
}

void uring_op_free(struct uring_loop *loop, struct uring_op *op)
{
	if (op_transmit(op))
		free(op_transmit(op));
	else
		STAILQ_INSERT_HEAD(&loop->free_ops, op, queued);
}

/* Free what the operation owns besides itself. */
static void uring_op_release(struct uring_loop *loop, struct uring_op *op)
{
	struct uring_transmit *transmit = op_transmit(op);

	if (transmit)
		transmit->release(loop, transmit);
	else if (op->kind == URING_CONNECT)
		free(op->buf);
}

static void uring_op_drop(struct uring_loop *loop, struct uring_op *op)
{
	op->state |= URING_OP_ENDED;
	/* The ring may still have it in its backlog, or a cancel request for it in flight. */
	if (!(op->state & (URING_OP_CANCELLING | URING_OP_QUEUED)))
		uring_op_free(loop, op);
}

struct uring_completion *uring_op_completion(struct uring_loop *loop, const struct uring_op *op)
{
	struct uring_completion *completion = loop->out++;

	loop->room--;
	*completion = (struct uring_completion){ .tag = op->tag };
	return completion;
}

static void uring_op_detach(struct uring_loop *loop, struct uring_op *op)
{
	SLIST_REMOVE(&loop->on_fd[op->fd], op, uring_op, on_fd);
	uring_op_release(loop, op);
}

void uring_op_forget(struct uring_loop *loop, struct uring_op *op)
{
	uring_op_detach(loop, op);
	uring_op_drop(loop, op);
}

void uring_op_end(struct uring_loop *loop, struct uring_op *op, int res)
{
	if (loop->room) {
		uring_op_completion(loop, op)->res = res;
		uring_op_forget(loop, op);
		return;
	}
	uring_op_detach(loop, op);
	op->res = res;
	op->state |= URING_OP_ENDED;
	uring_list_add(&loop->done, op);
}

void uring_op_done(struct uring_loop *loop, struct uring_op *op, int res)
{
	struct uring_transmit *transmit = op_transmit(op);

	if (transmit)
		transmit->step(loop, transmit, res);
	else
		uring_op_end(loop, op, res);
}

void uring_op_wait_buffer(struct uring_loop *loop, struct uring_op *op)
{
	if (op->state & URING_OP_CANCELLED) {
		uring_op_end(loop, op, -ECANCELED);
		return;
	}
	op->state |= URING_OP_WAITS_BUFFER;
	uring_list_add(&loop->waiting_buffer, op);
}

void uring_ops_flush(struct uring_loop *loop)
{
	while (loop->room && !STAILQ_EMPTY(&loop->done)) {
		struct uring_op *op = uring_list_take(&loop->done);

		uring_op_completion(loop, op)->res = op->res;
		uring_op_drop(loop, op);
	}
}

static void uring_ops_sweep(struct uring_loop *loop)
{
	struct uring_list waiting = STAILQ_HEAD_INITIALIZER(waiting);
	struct uring_op *op;

	loop->sweep = false;
	STAILQ_CONCAT(&waiting, &loop->waiting_buffer);
	while ((op = uring_list_take(&waiting))) {
		op->state &= ~URING_OP_WAITS_BUFFER;
		uring_op_wait_buffer(loop, op);
	}
}

void uring_ops_feed(struct uring_loop *loop)
{
	struct uring_op *op;

	if (loop->sweep)
		uring_ops_sweep(loop);
	/* No more than there are buffers for: the others would only come back here. */
	for (unsigned i = loop->buffers.free; i; i--) {
		op = uring_list_take(&loop->waiting_buffer);
		if (!op)
			return;
		op->state &= ~URING_OP_WAITS_BUFFER;
		loop->driver->start(loop, op);
	}
}

void uring_ops_free(struct uring_loop *loop)
{
	struct uring_chunk *chunk;
	struct uring_op *op;

	for (unsigned fd = 0; fd < loop->fds; fd++) {
		while ((op = SLIST_FIRST(&loop->on_fd[fd]))) {
			uring_op_detach(loop, op);
			uring_op_free(loop, op);
		}
	}
	while ((op = uring_list_take(&loop->done)))
		uring_op_free(loop, op);
	free(loop->on_fd);
	while ((chunk = SLIST_FIRST(&loop->chunks))) {
		SLIST_REMOVE_HEAD(&loop->chunks, next);
		free(chunk);
	}
}
