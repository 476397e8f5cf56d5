// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <liburing.h>

#include "uring/buffers.h"

#define URING_POOL_KEPT		32	/* free buffers: enough for a burst of small files, 2 MiB */
#define URING_LARGE_KEPT 8 /* free ones: as many messages are sealed at a time, 2 MiB */
#define URING_POOL_ALIGN	4096	/* the kernel pins whole pages when it seals from them */

static void uring_buffer_offer(struct uring_loop *loop, unsigned id)
{
	struct uring_buffers *buffers = &loop->buffers;

	if (buffers->ring) {
		io_uring_buf_ring_add(buffers->ring, uring_buffer_at(loop, id), URING_BUFFER_SIZE,
				      (unsigned short)id, (int)buffers->count - 1, 0);
		io_uring_buf_ring_advance(buffers->ring, 1);
	} else {
		buffers->stack[buffers->free] = (uint16_t)id;
	}
	buffers->free++;
}

void *uring_pages(size_t len)
{
	void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

void uring_pages_free(void *pages, size_t len)
{
	munmap(pages, len);
}

int uring_buffers_new(struct uring_loop *loop, unsigned count, bool ring)
{
	struct uring_buffers *buffers = &loop->buffers;

	buffers->count = count;
	buffers->base = uring_pages((size_t)count * URING_BUFFER_SIZE);
	if (ring)
		buffers->ring = uring_pages(count * sizeof(struct io_uring_buf));
	else
		buffers->stack = calloc(count, sizeof(*buffers->stack));
	if (!buffers->base || (!buffers->ring && !buffers->stack)) {
		uring_buffers_free(loop);
		return -ENOMEM;
	}
	for (unsigned id = count; id-- > 0;)
		uring_buffer_offer(loop, id);
	return 0;
}

void uring_buffers_free(struct uring_loop *loop)
{
	struct uring_buffers *buffers = &loop->buffers;

	if (buffers->base)
		uring_pages_free(buffers->base, (size_t)buffers->count * URING_BUFFER_SIZE);
	if (buffers->ring)
		uring_pages_free(buffers->ring, buffers->count * sizeof(struct io_uring_buf));
	free(buffers->stack);
	*buffers = (struct uring_buffers){ 0 };
}

void *uring_buffer_at(const struct uring_loop *loop, unsigned id)
{
	return loop->buffers.base + (size_t)id * URING_BUFFER_SIZE;
}

int uring_buffer_take(struct uring_loop *loop)
{
	struct uring_buffers *buffers = &loop->buffers;

	return buffers->free ? buffers->stack[--buffers->free] : -ENOBUFS;
}

void uring_buffer_put(struct uring_loop *loop, uint16_t id)
{
	if (id < loop->buffers.count && loop->buffers.free < loop->buffers.count)
		uring_buffer_offer(loop, id);
}

static void *pool_get(struct uring_pool *pool, size_t size)
{
	struct uring_free_buffer *buffer = SLIST_FIRST(&pool->buffers);

	if (!buffer)
		return aligned_alloc(URING_POOL_ALIGN, size);
	SLIST_REMOVE_HEAD(&pool->buffers, next);
	pool->free--;
	return buffer;
}

static void pool_put(struct uring_pool *pool, void *buf, unsigned kept)
{
	struct uring_free_buffer *buffer = buf;

	if (pool->free == kept) {
		free(buf);
		return;
	}
	SLIST_INSERT_HEAD(&pool->buffers, buffer, next);
	pool->free++;
}

void *uring_pool_get(struct uring_loop *loop)
{
	return pool_get(&loop->pool, URING_POOL_SIZE);
}

void uring_pool_put(struct uring_loop *loop, void *buf)
{
	pool_put(&loop->pool, buf, URING_POOL_KEPT);
}

void *uring_large_get(struct uring_loop *loop)
{
	return pool_get(&loop->large, URING_LARGE_SIZE);
}

void uring_large_put(struct uring_loop *loop, void *buf)
{
	pool_put(&loop->large, buf, URING_LARGE_KEPT);
}

void uring_pool_free(struct uring_loop *loop)
{
	while (!SLIST_EMPTY(&loop->pool.buffers))
		free(uring_pool_get(loop));
	while (!SLIST_EMPTY(&loop->large.buffers))
		free(uring_large_get(loop));
}
