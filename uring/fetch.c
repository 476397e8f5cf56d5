// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include "uring/buffers.h"
#include "uring/fetch.h"
#include "uring/warm.h"

/*
 * sendfile and the pages of a mapping wait for the disk inside the kernel, and the whole loop with
 * them. So a range of a file is probed before it is sent by either, and if it is not in memory, a
 * step reads it first. All such reads share one buffer, since nobody looks at the bytes.
 */

#define FETCH_SIZE	(256u * 1024)	/* of one read */
#define FETCH_PROBE	(128u * 1024)	/* distance of two probes: the kernel's default readahead */
#define FETCH_MIN	(64u * 1024)	/* to be sent by itself; no piece of a frame is larger */

/* tmpfs and ramfs have their files in memory only (but for swap), and do not say so. */
static enum uring_residency fetch_untold(int fd)
{
	struct statfs fs;

	if (!fstatfs(fd, &fs) && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC))
		return URING_RESIDENCY_ALWAYS;
	return URING_RESIDENCY_UNTOLD;
}

/* preadv2. Returns bytes or -errno. */
static ssize_t fetch_pread(int fd, void *buf, size_t len, uint64_t offset, int flags)
{
	struct iovec iov = { buf, len };
	ssize_t got;

	do
		got = preadv2(fd, &iov, 1, (off_t)offset, flags);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

ssize_t uring_fetch_read(struct uring_loop *loop, enum uring_residency *residency, int fd,
			 void *buf, size_t len, uint64_t offset)
{
	ssize_t got;

	if (*residency <= URING_RESIDENCY_TOLD) {
		got = fetch_pread(fd, buf, len, offset, RWF_NOWAIT);
		*residency = got == -EOPNOTSUPP ? fetch_untold(fd) : URING_RESIDENCY_TOLD;
		if (got != -EOPNOTSUPP)
			return got;
	}
	if (*residency == URING_RESIDENCY_UNTOLD) {
		len = uring_warm_end(loop, fd, offset, offset + len) - offset;
		if (!len)
			return -EAGAIN;
	}
	return fetch_pread(fd, buf, len, offset, 0);
}

ssize_t uring_read_now(struct uring_loop *loop, int fd, void *buf, size_t len, uint64_t offset)
{
	enum uring_residency residency = URING_RESIDENCY_UNKNOWN;

	return len ? uring_fetch_read(loop, &residency, fd, buf, len, offset) : 0;
}

/* Is this byte of the file in memory? */
static bool fetch_resident(struct uring_loop *loop, struct uring_transmit *transmit,
			   uint64_t offset)
{
	enum uring_residency *residency = &transmit->residency;
	char byte;

	if (*residency == URING_RESIDENCY_ALWAYS)
		return true;
	return uring_fetch_read(loop, residency, transmit->file_fd, &byte, 1, offset) >= 0;
}

/* How far, up to `end`, is the file in memory? A range between two resident probes is resident;
 * behind the last one the kernel may be reading ahead at this moment. A probe that finds nothing
 * makes the kernel read, so that a second probe of the same range would not tell the truth. */
static uint64_t fetch_resident_end(struct uring_loop *loop, struct uring_transmit *transmit,
				   uint64_t end)
{
	uint64_t last = transmit->offset, probe = last;

	if (last < transmit->missing)
		return last;
	if (transmit->residency == URING_RESIDENCY_UNTOLD)
		return uring_warm_end(loop, transmit->file_fd, last, end);
	/* The bytes before the edge were read a moment ago. */
	if (transmit->edge && transmit->sent && last == transmit->edge)
		probe = (probe / FETCH_PROBE + 1) * FETCH_PROBE;
	for (; probe < end; probe = (probe / FETCH_PROBE + 1) * FETCH_PROBE) {
		if (!fetch_resident(loop, transmit, probe))
			break;
		if (transmit->residency == URING_RESIDENCY_UNTOLD)
			return uring_warm_end(loop, transmit->file_fd, last, end);
		last = probe;
	}
	if (probe >= end && fetch_resident(loop, transmit, end - 1))
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
	*end = fetch_resident_end(loop, transmit, *end);
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

void uring_fetch_done(struct uring_loop *loop, struct uring_transmit *transmit, int res)
{
	const struct uring_op *op = &transmit->op;

	if (res > 0 && transmit->residency == URING_RESIDENCY_UNTOLD)
		uring_warm_note(loop, op->target, op->offset, op->offset + (uint64_t)res);
}

bool uring_fetch_again(struct uring_loop *loop, struct uring_transmit *transmit)
{
	if (fetch_resident(loop, transmit, transmit->offset))
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
