// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <sys/mman.h>
#include "uring/internal.h"

/*
 * A frame that has begun must end, whatever becomes of the file meanwhile: what a full socket left of
 * one that came from a mapping is copied before anything is waited for.
 */

/* Bytes of the end of a frame, whose piece has gone. */
static size_t uring_frames_owed(const struct uring_transmit *transmit)
{
	size_t begin = transmit->insert_len - transmit->tail_len;

	return transmit->insert_left > begin ? transmit->insert_left - begin : 0;
}

/* Between two frames? */
static bool uring_frames_between(const struct uring_transmit *transmit)
{
	return transmit->until == transmit->every &&
	       transmit->insert_left == transmit->insert_len - transmit->tail_len;
}

/* The file's part of the next frame, or of the one that has begun, into a buffer. 1; -ENODATA. */
static int uring_frames_read(struct uring_loop *loop, struct uring_transmit *transmit)
{
	struct uring_window *window = &transmit->window;
	size_t have = 0;

	window->base = uring_pool_get(loop);
	if (!window->base)
		return -ENOMEM;
	while (have < transmit->until) {
		struct iovec iov = { window->base + have, transmit->until - have };
		/* It was in memory a moment ago, or cannot be mapped. */
		ssize_t got = preadv(transmit->file_fd, &iov, 1, (off_t)(transmit->offset + have));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			uring_pool_put(loop, window->base);
			return got ? -errno : -ENODATA;
		}
		have += (size_t)got;
	}
	*window = (struct uring_window){
		.base = window->base, .start = transmit->offset, .end = transmit->offset + transmit->until,
		.kind = URING_WINDOW_POOL,
	};
	return 1;
}

static int uring_frames_open(struct uring_loop *loop, struct uring_transmit *transmit)
{
	int ret;

	if (!transmit->unmappable) {
		ret = uring_window_map(loop, transmit);
		if (ret)
			return ret;
		transmit->unmappable = true;
	}
	return uring_frames_read(loop, transmit);
}

static struct iovec uring_frames_insert(const struct uring_transmit *transmit, size_t left, size_t len)
{
	return (struct iovec){ (void *)(transmit->insert + transmit->insert_len - left), len };
}

static void uring_frames_start(struct uring_loop *loop, struct uring_transmit *transmit, size_t count, bool more)
{
	transmit->msg = (struct msghdr){ .msg_iov = transmit->iov, .msg_iovlen = count };
	transmit->op.buf = &transmit->msg;
	transmit->op.flags = MSG_NOSIGNAL | (more ? MSG_MORE : 0);
	if (transmit->window.kind == URING_WINDOW_MAP)
		transmit->op.flags |= MSG_DONTWAIT;
	uring_transmit_start(loop, transmit, URING_SENDMSG);
}

static void uring_frames_send_owed(struct uring_loop *loop, struct uring_transmit *transmit)
{
	transmit->iov[0] = uring_frames_insert(transmit, transmit->insert_left, uring_frames_owed(transmit));
	uring_frames_start(loop, transmit, 1, transmit->left || transmit->more);
}

static void uring_frames_send(struct uring_loop *loop, struct uring_transmit *transmit)
{
	const struct uring_window *window = &transmit->window;
	size_t insert = transmit->insert_left, until = transmit->until, count = 0;
	uint64_t at = transmit->offset, end = at + transmit->left;
	bool first = transmit->tail_len && uring_frames_between(transmit);

	while (count < 2 * (first ? 1 : URING_FRAMES) && at + until <= window->end && at < end) {
		if (insert)
			transmit->iov[count++] = uring_frames_insert(transmit, insert, insert);
		transmit->iov[count++] = (struct iovec){ window->base + (at - window->start), until };
		at += until;
		until = transmit->every;
		insert = transmit->insert_len;
	}
	if (at == end && transmit->tail_len)
		transmit->iov[count++] = uring_frames_insert(transmit, insert, transmit->tail_len);
	/* The first one's record ends before its tail, so that each later one begins with an insert. */
	uring_frames_start(loop, transmit, count, at == end ? transmit->more : !first);
}

void uring_frames_next(struct uring_loop *loop, struct uring_transmit *transmit)
{
	struct uring_window *window = &transmit->window;
	int ret = 1;

	if (!transmit->left && uring_frames_owed(transmit)) {
		uring_frames_send_owed(loop, transmit);
		return;
	}
	if (!transmit->left) {
		if (transmit->mapped && !uring_file_reaches(transmit->file_fd, transmit->offset))
			ret = -ENODATA;
		uring_op_end(loop, &transmit->op, ret < 0 ? ret : 0);
		return;
	}
	if (window->kind == URING_WINDOW_NONE)
		ret = uring_frames_open(loop, transmit);
	if (ret > 0 && window->kind == URING_WINDOW_MAP &&
	    !uring_file_reaches(transmit->file_fd, window->end)) {
		uring_window_close(loop, window);
		transmit->unmappable = true;
		ret = uring_frames_read(loop, transmit);
	}
	if (ret > 0)
		uring_frames_send(loop, transmit);
	else if (ret == -ENODATA && uring_frames_owed(transmit))
		uring_frames_send_owed(loop, transmit);
	else if (ret == -ENODATA && uring_frames_between(transmit))
		uring_op_end(loop, &transmit->op, (int)(transmit->left / transmit->every));
	else if (ret != -EINPROGRESS)
		uring_op_end(loop, &transmit->op, ret);
}

static size_t uring_frames_less(size_t a, size_t b)
{
	return a < b ? a : b;
}

int uring_frames_sent(struct uring_loop *loop, struct uring_transmit *transmit, size_t sent)
{
	struct uring_window *window = &transmit->window;

	uring_transmit_count(transmit, window->kind == URING_WINDOW_MAP ? URING_WAY_MAPPING : URING_WAY_BUFFER, sent);
	while (sent) {
		size_t insert = uring_frames_less(sent, transmit->insert_left);
		size_t step = uring_frames_less(sent - insert, transmit->until);

		transmit->insert_left -= (uint8_t)insert;
		transmit->until -= (uint32_t)step;
		transmit->offset += step;
		transmit->left -= step;
		sent -= insert + step;
		if (!transmit->until) {
			transmit->until = transmit->every;
			transmit->insert_left = transmit->insert_len;
		}
	}
	if (!uring_frames_between(transmit) && !uring_frames_owed(transmit)) {
		if (window->kind == URING_WINDOW_POOL)
			return 1;
		uring_window_close(loop, window);
		return uring_frames_read(loop, transmit);
	}
	if (!transmit->left || transmit->offset + transmit->every > window->end)
		uring_window_close(loop, window);
	return 1;
}
