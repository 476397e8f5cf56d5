// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "uring/fetch.h"
#include "uring/window.h"

/*
 * A transmission sees its file through a window, which is one of three. A mapping, ours or the
 * caller's, serves large ranges: the kernel seals straight from the page cache. A pooled buffer
 * serves ranges that cost less to read than to map, and files that cannot be mapped. For sendfile
 * the window is a range that is known to be in memory.
 *
 * In a buffer the rest of the head precedes the file's bytes, so that a record that holds both lies
 * in one piece: the kernel's ciphers copy around each seam that is no multiple of a block.
 */

#define WINDOW_MAP_SIZE		(1024u * 1024)	/* of one mapping */
#define WINDOW_MAP_ALIGN	65536u		/* no page is larger */

void uring_window_close(struct uring_loop *loop, struct uring_window *window)
{
	if (window->kind == URING_WINDOW_MAP && !window->callers)
		munmap(window->base, window->end - window->start);
	else if (window->kind == URING_WINDOW_POOL)
		uring_pool_put(loop, window->base);
	window->kind = URING_WINDOW_NONE;
}

bool uring_file_reaches(int fd, uint64_t end)
{
	struct stat st;

	return !fstat(fd, &st) && (uint64_t)st.st_size >= end;
}

int uring_window_map(struct uring_loop *loop, struct uring_transmit *transmit)
{
	uint64_t start = transmit->offset - transmit->offset % WINDOW_MAP_ALIGN;
	uint64_t end = transmit->offset + transmit->left;
	void *base = (void *)transmit->mapping;
	int ret;

	if (end > start + WINDOW_MAP_SIZE)
		end = start + WINDOW_MAP_SIZE;
	ret = uring_fetch(loop, transmit, &end);
	if (ret <= 0)
		return ret;
	if (base)
		base = (char *)base + start;
	else
		base = mmap(NULL, end - start, PROT_READ, MAP_SHARED, transmit->file_fd,
			    (off_t)start);
	if (base == MAP_FAILED)
		return 0;
	transmit->window = (struct uring_window){
		.base = base, .start = start, .end = end, .kind = URING_WINDOW_MAP,
		.callers = transmit->mapping,
	};
	transmit->mapped = true;
	return 1;
}

/* The next part of the file for sendfile. Returns as uring_window_map. */
static int window_pages(struct uring_loop *loop, struct uring_transmit *transmit)
{
	uint64_t end = transmit->offset + transmit->left;
	int ret;

	if (end > transmit->offset + WINDOW_MAP_SIZE)
		end = transmit->offset + WINDOW_MAP_SIZE;
	ret = uring_fetch(loop, transmit, &end);
	if (ret <= 0)
		return ret;
	if (end < transmit->offset + transmit->left)
		end -= uring_transmit_record_offset(transmit,
						    transmit->sent + end - transmit->offset);
	transmit->window = (struct uring_window){
		.start = transmit->offset, .end = end, .kind = URING_WINDOW_PAGES,
	};
	transmit->mapped = true;
	return 1;
}

/* How far in the file a pooled window reaches once it is filled. */
static uint64_t window_target(const struct uring_transmit *transmit)
{
	const struct uring_window *window = &transmit->window;
	uint64_t target = transmit->offset + transmit->left, room = URING_POOL_SIZE;

	if (transmit->offset < transmit->edge)
		return transmit->edge;
	/* Full records only, unless this is the end of the file range. */
	room -= uring_transmit_record_offset(transmit, transmit->sent + transmit->head_left);
	if (room + window->head > URING_POOL_SIZE)
		room -= URING_RECORD;
	/* sendfile will send the rest. */
	if (transmit->sendfile && transmit->head_left)
		room %= URING_RECORD;
	return target > window->start + room ? window->start + room : target;
}

int uring_window_fill(struct uring_loop *loop, struct uring_transmit *transmit)
{
	struct uring_window *window = &transmit->window;
	uint64_t target = window_target(transmit);
	struct uring_op *op = &transmit->op;

	while (window->end < target) {
		char *at = window->base + window->head + (window->end - window->start);
		size_t left = target - window->end;
		ssize_t got = uring_fetch_read(loop, &transmit->residency, transmit->file_fd, at,
					       left, window->end);

		if (!got)
			return -ENODATA;
		if (got > 0) {
			window->end += (uint64_t)got;
			continue;
		}
		if (got != -EAGAIN)
			return (int)got;
		op->buf = at;
		op->len = (uint32_t)left;
		op->offset = window->end;
		op->target = transmit->file_fd;
		uring_transmit_start(loop, transmit, URING_READ);
		return -EINPROGRESS;
	}
	return 1;
}

static bool window_maps(const struct uring_transmit *transmit)
{
	uint64_t min = transmit->encoder && transmit->mapping ? URING_RECORD : URING_POOL_SIZE;

	if (transmit->unmappable || transmit->left <= min || transmit->offset < transmit->edge)
		return false;
	/* Bytes of a mapping that is there already are encoded without a copy. */
	if (transmit->encoder && transmit->mapping)
		return true;
	return !transmit->sendfile && transmit->sent + transmit->left > URING_MAP_MIN;
}

int uring_window_open(struct uring_loop *loop, struct uring_transmit *transmit)
{
	struct uring_window *window = &transmit->window;
	bool pages = transmit->sendfile && !transmit->head_left && !transmit->unmappable;
	int ret;

	if (pages || window_maps(transmit)) {
		ret = pages ? window_pages(loop, transmit) : uring_window_map(loop, transmit);
		if (ret)
			return ret;
		transmit->unmappable = true;
	}
	*window = (struct uring_window){
		.base = uring_pool_get(loop), .start = transmit->offset, .end = transmit->offset,
	};
	if (!window->base)
		return -ENOMEM;
	window->kind = URING_WINDOW_POOL;
	if (transmit->head_left && transmit->head_left <= URING_HEAD_COPY_MAX) {
		window->head = (uint16_t)transmit->head_left;
		memcpy(window->base, transmit->head, window->head);
	}
	return uring_window_fill(loop, transmit);
}
