/* SPDX-License-Identifier: MIT */
#ifndef URING_OP_H
#define URING_OP_H

#include "uring/internal.h"

void uring_list_add(struct uring_list *list, struct uring_op *op);
struct uring_op *uring_list_take(struct uring_list *list);	/* NULL: it is empty */
int uring_op_new(struct uring_loop *loop, int fd, enum uring_kind kind, uint64_t tag,
		 struct uring_op **out);
int uring_op_attach(struct uring_loop *loop, struct uring_op *op);
/* The next completion of op, to be filled in by the caller. Only while loop->room. */
struct uring_completion *uring_op_completion(struct uring_loop *loop, const struct uring_op *op);
/* End the operation without a further completion. */
void uring_op_forget(struct uring_loop *loop, struct uring_op *op);
/* End the operation with a completion. */
void uring_op_end(struct uring_loop *loop, struct uring_op *op, int res);
/* The kernel has answered: end the operation, or continue a transmission with its next step. */
void uring_op_done(struct uring_loop *loop, struct uring_op *op, int res);
/* Start the operation again once a receive buffer is free. */
void uring_op_wait_buffer(struct uring_loop *loop, struct uring_op *op);
/* Free the memory. The ring calls this for operations that ended while it was cancelling them. */
void uring_op_free(struct uring_loop *loop, struct uring_op *op);
/* Store the completions of loop->done. */
void uring_ops_flush(struct uring_loop *loop);
/* Start receives that wait for a buffer. */
void uring_ops_feed(struct uring_loop *loop);
/* Free all operations, after the driver is closed. */
void uring_ops_free(struct uring_loop *loop);

#endif
