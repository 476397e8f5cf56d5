// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <sys/mman.h>
#include "uring/encode.h"
#include "uring/frames.h"
#include "uring/op.h"
#include "uring/window.h"

/*
 * A file range with an insert between its pieces. A frame that has begun must end, even if the file
 * becomes shorter meanwhile: when a full socket takes only part of a frame from a mapping, the rest
 * of that frame is copied before the transmission waits.
 */

/* The bytes of a frame's tail that are to be sent after its last piece. */
static size_t frames_tail_left(const struct uring_transmit *transmit)
{
	size_t begin = transmit->insert_len - transmit->tail_len;

	return transmit->insert_left > begin ? transmit->insert_left - begin : 0;
}

/* Is the next byte to be sent the first of a frame? */
static bool frames_at_start(const struct uring_transmit *transmit)
{
	return transmit->piece_left == transmit->piece_len &&
	       transmit->insert_left == transmit->insert_len - transmit->tail_len;
}

/* Read the piece of the next frame, or the rest of the current one's, into a buffer. Returns 1 or
 * -errno, -ENODATA if the file ends before. */
static int frames_read(struct uring_loop *loop, struct uring_transmit *transmit)
{
	struct uring_window *window = &transmit->window;
	size_t have = 0;

	window->base = uring_pool_get(loop);
	if (!window->base)
		return -ENOMEM;
	while (have < transmit->piece_left) {
		struct iovec iov = { window->base + have, transmit->piece_left - have };
		/* This may wait for the disk if the file cannot be mapped. */
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
		.base = window->base, .start = transmit->offset,
		.end = transmit->offset + transmit->piece_left, .kind = URING_WINDOW_POOL,
	};
	return 1;
}

static int frames_open(struct uring_loop *loop, struct uring_transmit *transmit)
{
	int ret;

	if (!transmit->unmappable) {
		ret = uring_window_map(loop, transmit);
		if (ret)
			return ret;
		transmit->unmappable = true;
	}
	return frames_read(loop, transmit);
}

/* The next len bytes of the insert, of which `left` are still to be sent. */
static struct iovec frames_insert(const struct uring_transmit *transmit, size_t left, size_t len)
{
	return (struct iovec){ (void *)(transmit->insert + transmit->insert_len - left), len };
}

static void frames_start(struct uring_loop *loop, struct uring_transmit *transmit, size_t count,
			 bool more)
{
	transmit->msg = (struct msghdr){ .msg_iov = transmit->iov, .msg_iovlen = count };
	transmit->op.buf = &transmit->msg;
	transmit->op.flags = MSG_NOSIGNAL | (more ? MSG_MORE : 0);
	if (transmit->window.kind == URING_WINDOW_MAP)
		transmit->op.flags |= MSG_DONTWAIT;
	uring_encode_send(loop, transmit, URING_SENDMSG);
}

static void frames_send_tail(struct uring_loop *loop, struct uring_transmit *transmit)
{
	size_t left = frames_tail_left(transmit);

	transmit->iov[0] = frames_insert(transmit, transmit->insert_left, left);
	frames_start(loop, transmit, 1, transmit->left || transmit->more);
}

/* How many frames go out at once. */
static size_t frames_max(const struct uring_transmit *transmit)
{
	size_t fit;

	if (!transmit->encoder)
		return URING_FRAMES;
	fit = transmit->room / (transmit->piece_len + transmit->insert_len);
	return !fit ? 1 : fit < URING_FRAMES ? fit :
					       URING_FRAMES;
}

static void frames_send(struct uring_loop *loop, struct uring_transmit *transmit)
{
	const struct uring_window *window = &transmit->window;
	size_t insert = transmit->insert_left, piece = transmit->piece_left, count = 0;
	uint64_t at = transmit->offset, end = at + transmit->left;
	bool first = transmit->tail_len && frames_at_start(transmit);
	size_t max = 2 * (first ? 1 : frames_max(transmit));

	while (count < max && at + piece <= window->end && at < end) {
		if (insert)
			transmit->iov[count++] = frames_insert(transmit, insert, insert);
		transmit->iov[count].iov_base = window->base + (at - window->start);
		transmit->iov[count++].iov_len = piece;
		at += piece;
		piece = transmit->piece_len;
		insert = transmit->insert_len;
	}
	if (at == end && transmit->tail_len)
		transmit->iov[count++] = frames_insert(transmit, insert, transmit->tail_len);
	/* The first record ends before the first frame's tail, so that later records begin with an
	 * insert. */
	frames_start(loop, transmit, count, at == end ? transmit->more : !first);
}

void uring_frames_next(struct uring_loop *loop, struct uring_transmit *transmit)
{
	struct uring_window *window = &transmit->window;
	int ret = 1;

	if (!transmit->left && frames_tail_left(transmit)) {
		frames_send_tail(loop, transmit);
		return;
	}
	if (!transmit->left) {
		if (transmit->mapped && !uring_file_reaches(transmit->file_fd, transmit->offset))
			ret = -ENODATA;
		uring_op_end(loop, &transmit->op, ret < 0 ? ret : 0);
		return;
	}
	if (window->kind == URING_WINDOW_NONE)
		ret = frames_open(loop, transmit);
	if (ret > 0 && window->kind == URING_WINDOW_MAP &&
	    !uring_file_reaches(transmit->file_fd, window->end)) {
		uring_window_close(loop, window);
		transmit->unmappable = true;
		ret = frames_read(loop, transmit);
	}
	if (ret > 0)
		frames_send(loop, transmit);
	else if (ret == -ENODATA && frames_tail_left(transmit))
		frames_send_tail(loop, transmit);
	else if (ret == -ENODATA && frames_at_start(transmit))
		uring_op_end(loop, &transmit->op, (int)(transmit->left / transmit->piece_len));
	else if (ret != -EINPROGRESS)
		uring_op_end(loop, &transmit->op, ret);
}

static size_t frames_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

int uring_frames_sent(struct uring_loop *loop, struct uring_transmit *transmit, size_t sent)
{
	struct uring_window *window = &transmit->window;
	bool mapped = window->kind == URING_WINDOW_MAP;

	uring_transmit_count(transmit, mapped ? URING_WAY_MAPPING : URING_WAY_BUFFER, sent);
	while (sent) {
		size_t insert = frames_min(sent, transmit->insert_left);
		size_t step = frames_min(sent - insert, transmit->piece_left);

		transmit->insert_left -= (uint8_t)insert;
		transmit->piece_left -= (uint32_t)step;
		transmit->offset += step;
		transmit->left -= step;
		sent -= insert + step;
		if (!transmit->piece_left) {
			transmit->piece_left = transmit->piece_len;
			transmit->insert_left = transmit->insert_len;
		}
	}
	if (!frames_at_start(transmit) && !frames_tail_left(transmit)) {
		if (window->kind == URING_WINDOW_POOL)
			return 1;
		uring_window_close(loop, window);
		return frames_read(loop, transmit);
	}
	if (!transmit->left || transmit->offset + transmit->piece_len > window->end)
		uring_window_close(loop, window);
	return 1;
}
