/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/magic.h>
#include <sys/uio.h>
#include <sys/vfs.h>

#include "uring/internal.h"

/*
 * sendfile, and the pages of a mapping, wait for the disk inside the kernel, and the whole loop with them.
 * So a piece of a file that is to be sent by either is looked at here and there before, and what is not in
 * memory is read first, elsewhere. What it is read into does not matter: all share the same.
 */

#define URING_FETCH_SIZE	(256u * 1024)
#define URING_FETCH_LOOK	(128u * 1024)	/* so much the kernel reads ahead, unless told otherwise */
#define URING_FETCH_LEAST	(64u * 1024)	/* less is not sent alone; the largest of frames is no more */

_Static_assert(URING_FETCH_SIZE <= URING_MAP_SIZE, "what was fetched can be mapped");

bool uring_file_never_cold(int fd)
{
	struct statfs system;

	return !fstatfs(fd, &system) && (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC);
}

/* 1: this byte of the file is in memory; 0: it is not; -EOPNOTSUPP: this file system does not say. */
static int fetch_resident(int fd, uint64_t offset)
{
	char byte;
	struct iovec iov = { &byte, 1 };

	if (preadv2(fd, &iov, 1, (off_t)offset, RWF_NOWAIT) >= 0)
		return 1;
	if (errno != EOPNOTSUPP)
		return 0;
	return uring_file_never_cold(fd) ? 1 : -EOPNOTSUPP;
}

/* How far, up to `end`, is the file in memory? What lies between two places that are, is; but behind the last
 * of them the kernel may be reading ahead just now. And to ask for a place that is missing brings it there, so
 * that what lies before it must not be asked for once more. */
static uint64_t fetch_warm(struct uring_transmit *transmit, uint64_t end)
{
	uint64_t last = transmit->offset, look = last;

	if (last < transmit->missing)
		return last;
	/* What comes before the edge was read a moment ago. */
	if (transmit->edge && transmit->sent && last == transmit->edge)
		look = (look / URING_FETCH_LOOK + 1) * URING_FETCH_LOOK;
	for (; look < end; look = (look / URING_FETCH_LOOK + 1) * URING_FETCH_LOOK) {
		if (fetch_resident(transmit->file_fd, look) <= 0)
			break;
		last = look;
	}
	if (look >= end && fetch_resident(transmit->file_fd, end - 1) > 0)
		return end;
	transmit->missing = look < end ? look : end;
	return last;
}

int uring_fetch(struct uring_loop *loop, struct uring_transmit *transmit, uint64_t *end)
{
	uint64_t offset = transmit->offset, least = *end, most = *end;
	struct uring_op *op = &transmit->op;

	if (least > offset + URING_FETCH_LEAST)
		least = offset + URING_FETCH_LEAST;
	if (most > offset + URING_FETCH_SIZE)
		most = offset + URING_FETCH_SIZE;
	if (transmit->fetched < least) {
		*end = fetch_warm(transmit, *end);
		if (*end >= least)
			return 1;
		if (!loop->fetched)
			loop->fetched = uring_pages(URING_FETCH_SIZE);
		if (!loop->fetched)
			return 0;
		op->buf = loop->fetched;
		op->len = (uint32_t)(most - offset);
		op->offset = offset;
		op->target = transmit->file_fd;
		transmit->fetched = most;
		uring_transmit_start(loop, transmit, URING_FETCH);
		return -EINPROGRESS;
	}
	if (*end > transmit->fetched)
		*end = transmit->fetched;
	return 1;
}

bool uring_fetch_again(struct uring_transmit *transmit)
{
	if (fetch_resident(transmit->file_fd, transmit->offset))
		return false;
	transmit->fetched = 0;
	transmit->missing = transmit->offset + 1;
	return true;
}

void uring_fetch_free(struct uring_loop *loop)
{
	if (loop->fetched)
		uring_pages_free(loop->fetched, URING_FETCH_SIZE);
}
