/* SPDX-License-Identifier: MIT */
#ifndef URING_BUFFERS_H
#define URING_BUFFERS_H

#include "uring/internal.h"

void *uring_pages(size_t len);		/* NULL: no memory */
void uring_pages_free(void *pages, size_t len);
int uring_buffers_new(struct uring_loop *loop, unsigned count, bool ring);
void uring_buffers_free(struct uring_loop *loop);
void *uring_buffer_at(const struct uring_loop *loop, unsigned id);
/* epoll: the id of a free receive buffer, or -ENOBUFS. */
int uring_buffer_take(struct uring_loop *loop);
/* Buffers of URING_LARGE_SIZE, as uring_pool_get() and uring_pool_put(). */
void *uring_large_get(struct uring_loop *loop);
void uring_large_put(struct uring_loop *loop, void *buf);
/* Free what both pools keep. */
void uring_pool_free(struct uring_loop *loop);

#endif
