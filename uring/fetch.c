// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include "uring/buffers.h"
#include "uring/fetch.h"

/*
 * sendfile and the pages of a mapping wait for the disk inside the kernel, and the whole loop with
 * them. So a range of a file is probed before it is sent by either, and if it is not in memory, a
 * step reads it first. All such reads share one buffer, since nobody looks at the bytes.
 */

#define FETCH_SIZE	(256u * 1024)	/* of one read */
#define FETCH_PROBE	(128u * 1024)	/* distance of two probes: the kernel's default readahead */
#define FETCH_MIN	(64u * 1024)	/* to be sent by itself; no piece of a frame is larger */

/* tmpfs and ramfs have their files in memory only (but for swap), and do not say so. */
static bool fetch_never_cold(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

ssize_t uring_read_now(int fd, void *buf, size_t len, uint64_t offset)
{
	struct iovec iov = { buf, len };
	int flags = RWF_NOWAIT;
	ssize_t got;

	for (;;) {
		got = preadv2(fd, &iov, 1, (off_t)offset, flags);
		if (got >= 0)
			return got;
		if (errno == EOPNOTSUPP && flags)
			flags = 0;
		else if (errno != EINTR)
			return -errno;
		if (!flags && !fetch_never_cold(fd))
			return -EAGAIN;
	}
}

/* Is this byte of the file in memory? 1, 0, or -EOPNOTSUPP if the file system does not tell. */
static int fetch_resident(int fd, uint64_t offset)
{
	char byte;
	struct iovec iov = { &byte, 1 };

	if (preadv2(fd, &iov, 1, (off_t)offset, RWF_NOWAIT) >= 0)
		return 1;
	if (errno != EOPNOTSUPP)
		return 0;
	return fetch_never_cold(fd) ? 1 : -EOPNOTSUPP;
}

/* How far, up to `end`, is the file in memory? A range between two resident probes is resident;
 * behind the last one the kernel may be reading ahead at this moment. A probe that finds nothing
 * makes the kernel read, so that a second probe of the same range would not tell the truth. */
static uint64_t fetch_resident_end(struct uring_transmit *transmit, uint64_t end)
{
	uint64_t last = transmit->offset, probe = last;

	if (last < transmit->missing)
		return last;
	/* The bytes before the edge were read a moment ago. */
	if (transmit->edge && transmit->sent && last == transmit->edge)
		probe = (probe / FETCH_PROBE + 1) * FETCH_PROBE;
	for (; probe < end; probe = (probe / FETCH_PROBE + 1) * FETCH_PROBE) {
		if (fetch_resident(transmit->file_fd, probe) <= 0)
			break;
		last = probe;
	}
	if (probe >= end && fetch_resident(transmit->file_fd, end - 1) > 0)
		return end;
	transmit->missing = probe < end ? probe : end;
	return last;
}

int uring_fetch(struct uring_loop *loop, struct uring_transmit *transmit, uint64_t *end)
{
	uint64_t offset = transmit->offset, min = *end, max = *end;
	struct uring_op *op = &transmit->op;

	if (min > offset + FETCH_MIN)
		min = offset + FETCH_MIN;
	if (max > offset + FETCH_SIZE)
		max = offset + FETCH_SIZE;
	if (transmit->fetched >= min) {
		if (*end > transmit->fetched)
			*end = transmit->fetched;
		return 1;
	}
	*end = fetch_resident_end(transmit, *end);
	if (*end >= min)
		return 1;
	if (!loop->fetch_buffer)
		loop->fetch_buffer = uring_pages(FETCH_SIZE);
	if (!loop->fetch_buffer)
		return 0;
	op->buf = loop->fetch_buffer;
	op->len = (uint32_t)(max - offset);
	op->offset = offset;
	op->target = transmit->file_fd;
	transmit->fetched = max;
	uring_transmit_start(loop, transmit, URING_FETCH);
	return -EINPROGRESS;
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
	if (loop->fetch_buffer)
		uring_pages_free(loop->fetch_buffer, FETCH_SIZE);
}
