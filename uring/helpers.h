/* SPDX-License-Identifier: MIT */
#ifndef URING_HELPERS_H
#define URING_HELPERS_H

#include "uring/internal.h"

struct uring_helpers;

int uring_helpers_new(struct uring_helpers **out);
/* Waits for the reads that have begun; the others are dropped. */
void uring_helpers_free(struct uring_helpers *helpers);
/* A descriptor that is readable while reads are done. */
int uring_helpers_fd(const struct uring_helpers *helpers);
/* Queue a URING_READ or URING_FETCH. False: no thread could be created. */
bool uring_helpers_add(struct uring_helpers *helpers, struct uring_op *op);
/* Append the operations that are done, with op->res, to the list. */
void uring_helpers_done(struct uring_helpers *helpers, struct uring_list *done);

#endif
