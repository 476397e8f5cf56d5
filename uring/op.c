/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "uring/internal.h"

#define URING_CHUNK_OPS 72		/* a page of them */

struct uring_chunk {
	struct uring_chunk *next;
	struct uring_op ops[URING_CHUNK_OPS];
};

void uring_list_init(struct uring_list *list)
{
	list->first = NULL;
	list->last = &list->first;
}

void uring_list_add(struct uring_list *list, struct uring_op *op)
{
	op->state |= URING_OP_QUEUED;
	op->queued = NULL;
	*list->last = op;
	list->last = &op->queued;
}

struct uring_op *uring_list_take(struct uring_list *list)
{
	struct uring_op *op = list->first;

	if (!op)
		return NULL;
	list->first = op->queued;
	if (!list->first)
		list->last = &list->first;
	op->state &= ~URING_OP_QUEUED;
	return op;
}

static int uring_ops_grow(struct uring_loop *loop)
{
	struct uring_chunk *chunk = malloc(sizeof(*chunk));

	if (!chunk)
		return -ENOMEM;
	chunk->next = loop->chunks;
	loop->chunks = chunk;
	for (unsigned i = URING_CHUNK_OPS; i-- > 0;) {
		chunk->ops[i].queued = loop->free_ops;
		loop->free_ops = &chunk->ops[i];
	}
	return 0;
}

static int uring_fds_grow(struct uring_loop *loop, int fd)
{
	unsigned fds = loop->fds ? loop->fds : 64;
	struct uring_op **on_fd;

	while (fds <= (unsigned)fd)
		fds *= 2;
	on_fd = realloc(loop->on_fd, fds * sizeof(struct uring_op *));
	if (!on_fd)
		return -ENOMEM;
	memset(on_fd + loop->fds, 0, (fds - loop->fds) * sizeof(struct uring_op *));
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
	op->on_fd = loop->on_fd[op->fd];
	loop->on_fd[op->fd] = op;
	return 0;
}

int uring_op_new(struct uring_loop *loop, int fd, enum uring_kind kind, uint64_t tag,
		 struct uring_op **out)
{
	struct uring_op *op;
	int ret;

	if (!loop->free_ops) {
		ret = uring_ops_grow(loop);
		if (ret)
			return ret;
	}
	op = loop->free_ops;
	loop->free_ops = op->queued;
	*op = (struct uring_op){ .tag = tag, .fd = fd, .kind = kind };
	ret = uring_op_attach(loop, op);
	if (ret) {
		uring_op_free(loop, op);
		return ret;
	}
	*out = op;
	return 0;
}

void uring_op_free(struct uring_loop *loop, struct uring_op *op)
{
	if (op->state & URING_OP_STEP) {
		free(op);
		return;
	}
	op->queued = loop->free_ops;
	loop->free_ops = op;
}

static void uring_op_detach(struct uring_loop *loop, struct uring_op *op)
{
	struct uring_op **at = &loop->on_fd[op->fd];

	while (*at != op)
		at = &(*at)->on_fd;
	*at = op->on_fd;
}

/* What an operation owns besides itself. */
static void uring_op_release(struct uring_loop *loop, struct uring_op *op)
{
	if (op->state & URING_OP_STEP)
		uring_transmit_release(loop, op);
	else if (op->kind == URING_CONNECT)
		free(op->buf);
}

static void uring_op_drop(struct uring_loop *loop, struct uring_op *op)
{
	op->state |= URING_OP_ENDED;
	if (!(op->state & URING_OP_CANCELLING))
		uring_op_free(loop, op);
}

struct uring_completion *uring_op_completion(struct uring_loop *loop, const struct uring_op *op)
{
	struct uring_completion *completion = loop->out++;

	loop->room--;
	*completion = (struct uring_completion){ .tag = op->tag };
	return completion;
}

void uring_op_forget(struct uring_loop *loop, struct uring_op *op)
{
	uring_op_detach(loop, op);
	uring_op_release(loop, op);
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
	uring_op_release(loop, op);
	op->res = res;
	op->state |= URING_OP_ENDED;
	uring_list_add(&loop->done, op);
}

void uring_op_done(struct uring_loop *loop, struct uring_op *op, int res)
{
	if (op->state & URING_OP_STEP)
		uring_transmit_step(loop, op, res);
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

/* Completions that could not be told when they came up. */
void uring_ops_flush(struct uring_loop *loop)
{
	while (loop->room && loop->done.first) {
		struct uring_op *op = uring_list_take(&loop->done);

		uring_op_completion(loop, op)->res = op->res;
		uring_op_drop(loop, op);
	}
}

static void uring_ops_sweep(struct uring_loop *loop)
{
	struct uring_list kept;
	struct uring_op *op;

	loop->sweep = false;
	uring_list_init(&kept);
	while ((op = uring_list_take(&loop->waiting_buffer))) {
		if (op->state & URING_OP_CANCELLED) {
			op->state &= ~URING_OP_WAITS_BUFFER;
			uring_op_end(loop, op, -ECANCELED);
		} else {
			uring_list_add(&kept, op);
		}
	}
	loop->waiting_buffer = kept;
	if (!kept.first)
		loop->waiting_buffer.last = &loop->waiting_buffer.first;
}

/* As many go on as there are buffers: more would only come back. */
void uring_ops_feed(struct uring_loop *loop)
{
	if (loop->sweep)
		uring_ops_sweep(loop);
	for (unsigned i = loop->buffers.free; i && loop->waiting_buffer.first; i--) {
		struct uring_op *op = uring_list_take(&loop->waiting_buffer);

		op->state &= ~URING_OP_WAITS_BUFFER;
		loop->driver->start(loop, op);
	}
}

/* The driver is closed, so nobody else holds an operation. */
void uring_ops_free(struct uring_loop *loop)
{
	struct uring_op *op;

	for (unsigned fd = 0; fd < loop->fds; fd++) {
		while ((op = loop->on_fd[fd])) {
			loop->on_fd[fd] = op->on_fd;
			uring_op_release(loop, op);
			uring_op_free(loop, op);
		}
	}
	while ((op = uring_list_take(&loop->done)))
		uring_op_free(loop, op);
	free(loop->on_fd);
	while (loop->chunks) {
		struct uring_chunk *chunk = loop->chunks;

		loop->chunks = chunk->next;
		free(chunk);
	}
}
