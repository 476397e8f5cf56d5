// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include "uring/encode.h"
#include "uring/fetch.h"
#include "uring/frames.h"
#include "uring/op.h"
#include "uring/sendfile.h"
#include "uring/transmit.h"
#include "uring/window.h"

/*
 * The steps of a transmission: at any time either a send is in flight or what must precede it. The
 * rest of the head goes out together with the window's start, so that they share a record. A send
 * of file bytes never waits inside the kernel for room in the socket: waiting is a step of its own,
 * during which no buffer is held and the file may become shorter.
 *
 * A mapping shows zeroes behind the end of a file that was truncated. So the file's size is checked
 * right before each send of mapped bytes, and once the file is too short, the rest is read instead.
 */

#define TRANSMIT_SEND_MAX	(256u * 1024)	/* one send, so that others get their turn */
#define TRANSMIT_HEAD_MAX	(1u << 30)	/* one send of a head alone */
#define TRANSMIT_ALIGN		4096u		/* the first record ends at such an offset */
#define TRANSMIT_ALIGN_MIN	(4u * 1024 * 1024)	/* always, from this file range on */

static bool transmit_cork(const struct uring_transmit *transmit, int on)
{
	return !setsockopt(transmit->op.fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
}

static void transmit_release(struct uring_loop *loop, struct uring_transmit *transmit)
{
	if (transmit->corked)
		transmit_cork(transmit, 0);
	uring_window_close(loop, &transmit->window);
	uring_encode_release(loop, transmit);
}

/* Of the next len bytes, the number before the last record, if that is to go out by itself; else
 * 0. */
static size_t transmit_before_last(const struct uring_transmit *transmit, size_t len)
{
	size_t last = (size_t)uring_transmit_record_offset(transmit, transmit->sent + len);

	if (!last)
		last = URING_RECORD;
	return transmit->hold_last && last < len ? len - last : 0;
}

/* How many bytes of the window are sent now. They end with a full record if more follows. */
static size_t transmit_window_len(const struct uring_transmit *transmit)
{
	uint64_t len, excess, max = TRANSMIT_SEND_MAX;
	size_t held;

	if (transmit->encoder)
		max = transmit->room > transmit->head_left ?
			      transmit->room - transmit->head_left :
			      0;
	if (!transmit->left || !max)
		return 0;
	len = transmit->window.end - transmit->offset;
	if (len > max)
		len = max;
	excess = uring_transmit_record_offset(transmit, transmit->sent + transmit->head_left + len);
	if (len < transmit->left && excess < len)
		return len - excess;
	held = len < transmit->left ? 0 : transmit_before_last(transmit, transmit->head_left + len);
	return held > transmit->head_left ? held - transmit->head_left : len;
}

/* The next byte of the window to be sent. */
static char *transmit_window_data(const struct uring_transmit *transmit)
{
	const struct uring_window *window = &transmit->window;

	return window->base + window->head + (transmit->offset - window->start);
}

static void transmit_step(struct uring_loop *loop, struct uring_transmit *transmit, int res);
static void transmit_next(struct uring_loop *loop, struct uring_transmit *transmit);

/* Send at once rather than by the ring: the sendfile that follows does not use the ring either. */
static void transmit_send_now(struct uring_loop *loop, struct uring_transmit *transmit)
{
	struct uring_op *op = &transmit->op;
	ssize_t sent = send(op->fd, op->buf, op->len, op->flags | MSG_DONTWAIT);

	op->kind = URING_SEND;
	transmit_step(loop, transmit, sent < 0 ? -errno : (int)sent);
}

/* Send the rest of the head and len bytes of the window, which lie in one piece. */
static void transmit_send_joined(struct uring_loop *loop, struct uring_transmit *transmit,
				 size_t len)
{
	struct uring_op *op = &transmit->op;

	op->buf = transmit_window_data(transmit) - transmit->head_left;
	op->len = (uint32_t)(transmit->head_left + len);
	if (transmit->sendfile)
		transmit_send_now(loop, transmit);
	else
		uring_encode_send(loop, transmit, URING_SEND);
}

/* Send len bytes of the window, or of the head if len is 0. */
static void transmit_send_plain(struct uring_loop *loop, struct uring_transmit *transmit,
				size_t len)
{
	struct uring_op *op = &transmit->op;
	size_t before_last;

	if (len) {
		op->buf = transmit_window_data(transmit);
		op->len = (uint32_t)len;
	} else {
		size_t max = transmit->encoder ? transmit->room : TRANSMIT_HEAD_MAX;

		len = transmit->head_left < max ? transmit->head_left : max;
		before_last = transmit_before_last(transmit, len);
		op->buf = (void *)transmit->head;
		op->len = (uint32_t)(before_last ? before_last : len);
		op->flags |= before_last ? MSG_MORE : 0;
	}
	uring_encode_send(loop, transmit, URING_SEND);
}

/* Send the rest of the head with its control message, or followed by len bytes of the window. */
static void transmit_send_parts(struct uring_loop *loop, struct uring_transmit *transmit,
				size_t len)
{
	char *data = len ? transmit_window_data(transmit) : NULL;

	transmit->iov[0] = (struct iovec){ (void *)transmit->head, transmit->head_left };
	transmit->iov[1] = (struct iovec){ data, len };
	transmit->msg = (struct msghdr){
		.msg_iov = transmit->iov,
		.msg_iovlen = len ? 2 : 1,
		.msg_control = transmit->control_len ? transmit->control : NULL,
		.msg_controllen = transmit->control_len,
	};
	transmit->op.buf = &transmit->msg;
	uring_encode_send(loop, transmit, URING_SENDMSG);
}

static void transmit_send(struct uring_loop *loop, struct uring_transmit *transmit)
{
	size_t len = transmit_window_len(transmit);
	uint16_t flags = MSG_NOSIGNAL;

	if ((len < transmit->left || transmit->more) && transmit->offset + len != transmit->edge)
		flags |= MSG_MORE;
	if (len)
		flags |= MSG_DONTWAIT;
	transmit->op.flags = flags;
	if (len && transmit->head_left && transmit->window.head)
		transmit_send_joined(loop, transmit, len);
	else if (!transmit->head_left || (!len && !transmit->control_len))
		transmit_send_plain(loop, transmit, len);
	else
		transmit_send_parts(loop, transmit, len);
}

static void transmit_advance(struct uring_loop *loop, struct uring_transmit *transmit, size_t sent);

/* Wait until the socket has room. */
static void transmit_poll(struct uring_loop *loop, struct uring_transmit *transmit)
{
	transmit->op.flags = POLLOUT;
	uring_transmit_start(loop, transmit, URING_POLL);
}

/* Send the window's pages, none of which needs to be waited for; then let others have their
 * turn. */
static void transmit_send_pages(struct uring_loop *loop, struct uring_transmit *transmit)
{
	ssize_t sent = uring_sendfile(loop, transmit);

	if (sent > 0) {
		uring_transmit_count(transmit, URING_WAY_SENDFILE, (size_t)sent);
		transmit_advance(loop, transmit, (size_t)sent);
	}
	if (sent > 0 && !transmit->left) {
		transmit_next(loop, transmit);
	} else if (sent > 0 || sent == -EAGAIN) {
		transmit_poll(loop, transmit);
	} else if (sent == -EINVAL) {
		transmit->sendfile = false;	/* not for this file system or socket */
		uring_window_close(loop, &transmit->window);
		transmit_next(loop, transmit);
	} else {
		uring_op_end(loop, &transmit->op, sent ? (int)sent : -ENODATA);
	}
}

static void transmit_next(struct uring_loop *loop, struct uring_transmit *transmit)
{
	struct uring_window *window = &transmit->window;
	int ret = 1;

	/* No buffer is held while the socket is full. */
	if (transmit->encoder && transmit->head_left + transmit->left) {
		transmit->room = uring_encode_room(transmit,
						   transmit->head_left + transmit->left);
		if (!transmit->room) {
			transmit_poll(loop, transmit);
			return;
		}
	}
	if (transmit->piece_len) {
		uring_frames_next(loop, transmit);
		return;
	}
	if (!transmit->head_left && !transmit->left) {
		if (transmit->mapped && !uring_file_reaches(transmit->file_fd, transmit->offset))
			ret = -ENODATA;
		uring_op_end(loop, &transmit->op, ret < 0 ? ret : 0);
		return;
	}
	if (transmit->left && window->kind == URING_WINDOW_NONE)
		ret = uring_window_open(loop, transmit);
	if (ret > 0 && window->kind == URING_WINDOW_MAP &&
	    !uring_file_reaches(transmit->file_fd, window->end)) {
		uring_window_close(loop, window);
		transmit->unmappable = true;
		ret = uring_window_open(loop, transmit);
	}
	if (ret > 0 && window->kind == URING_WINDOW_PAGES)
		transmit_send_pages(loop, transmit);
	else if (ret > 0)
		transmit_send(loop, transmit);
	else if (ret != -EINPROGRESS)
		uring_op_end(loop, &transmit->op, ret);
}

static void transmit_advance(struct uring_loop *loop, struct uring_transmit *transmit, size_t sent)
{
	size_t head = sent < transmit->head_left ? sent : transmit->head_left;
	struct uring_window *window = &transmit->window;
	uint64_t left;

	transmit->sent += sent;
	transmit->head += head;
	transmit->head_left -= head;
	transmit->offset += sent - head;
	transmit->left -= sent - head;
	left = window->end - transmit->offset;
	if (!left || (window->kind != URING_WINDOW_POOL && left < URING_RECORD &&
		      left < transmit->left))
		uring_window_close(loop, window);
}

/* A send ended with res. Returns 1 to go on, -EINPROGRESS if a step was started, or -errno that
 * ends the transmission. */
static int transmit_sent(struct uring_loop *loop, struct uring_transmit *transmit, int res)
{
	bool mapped = transmit->window.kind == URING_WINDOW_MAP;

	if (res > 0 && transmit->piece_len)
		return uring_frames_sent(loop, transmit, (size_t)res);
	if (res > 0) {
		uring_transmit_count(transmit, mapped ? URING_WAY_MAPPING : URING_WAY_BUFFER,
				     (size_t)res);
		transmit_advance(loop, transmit, (size_t)res);
		return 1;
	}
	if (res == -EAGAIN) {
		/* Thousands may wait at a time. The buffer can be filled again. */
		if (transmit->window.kind == URING_WINDOW_POOL && !transmit->piece_len)
			uring_window_close(loop, &transmit->window);
		transmit_poll(loop, transmit);
		return -EINPROGRESS;
	}
	if (res == -EFAULT && mapped) {
		uring_window_close(loop, &transmit->window);
		transmit->unmappable = true;
		return 1;
	}
	return res ? res : -EIO;
}

static int transmit_read(struct uring_loop *loop, struct uring_transmit *transmit, int res)
{
	if (res <= 0)
		return res ? res : -ENODATA;
	transmit->window.end += (uint64_t)res;
	return uring_window_fill(loop, transmit);
}

/* The socket has room, or -errno in res. Returns as transmit_sent. */
static int transmit_polled(struct uring_loop *loop, struct uring_transmit *transmit, int res)
{
	if (res < 0)
		return res;
	if (transmit->window.kind >= URING_WINDOW_MAP && uring_fetch_again(loop, transmit))
		uring_window_close(loop, &transmit->window);
	return 1;
}

static void transmit_step(struct uring_loop *loop, struct uring_transmit *transmit, int res)
{
	const struct uring_op *op = &transmit->op;
	int ret = 1;

	if (transmit->encoded) {
		ret = uring_encode_ended(loop, transmit, res);
		if (ret > 0)
			ret = transmit_sent(loop, transmit, ret);
	} else if (op->kind == URING_SEND || op->kind == URING_SENDMSG) {
		ret = transmit_sent(loop, transmit, res);
	} else if (op->kind == URING_READ) {
		uring_fetch_done(loop, transmit, res);
		ret = transmit_read(loop, transmit, res);
	} else if (op->kind == URING_POLL) {
		ret = transmit_polled(loop, transmit, res);
	} else {
		uring_fetch_done(loop, transmit, res);
		if (res <= 0)
			transmit->unmappable = true;	/* the read will tell why */
	}
	if (ret > 0 && op->state & URING_OP_CANCELLED && (transmit->head_left || transmit->left))
		ret = -ECANCELED;
	if (ret > 0)
		transmit_next(loop, transmit);
	else if (ret != -EINPROGRESS)
		uring_op_end(loop, &transmit->op, ret);
}

/* The number of records that hold so many bytes. */
static uint64_t transmit_records(uint64_t bytes)
{
	return (bytes + URING_RECORD - 1) / URING_RECORD;
}

/*
 * With a head before the file, all records would start in the middle of a page, and sealing would
 * cost more. So the first record, sent from a buffer, ends at a page boundary of the file, unless
 * the rest is sealed from buffers too or is too short to pay for one more record.
 */
static void transmit_align(struct uring_transmit *transmit)
{
	uint64_t head = transmit->head_left, edge = transmit->offset + URING_RECORD - head, part;

	if (!head || head > URING_HEAD_COPY_MAX || transmit->encoder)
		return;
	edge &= ~(uint64_t)(TRANSMIT_ALIGN - 1);
	part = edge - transmit->offset;
	if (transmit->left < TRANSMIT_ALIGN_MIN &&
	    (!(transmit->sendfile || transmit->mapping) || part > transmit->left ||
	     1 + transmit_records(transmit->left - part) > transmit_records(head + transmit->left)))
		return;
	transmit->edge = edge;
	transmit->first = head + part;
}

static bool transmit_takes(const struct uring_message *message)
{
	if (message->encoder && (message->control || message->sendfile ||
				 message->encoder->overhead > URING_ENCODE_OVERHEAD))
		return false;
	if (message->control)
		return message->control_len <= URING_CONTROL_SPACE && message->head_len &&
		       message->file_fd < 0 && !message->more;
	if (message->piece_len)
		return !message->head_len && !(message->length % message->piece_len) &&
		       message->piece_len <= URING_POOL_SIZE &&
		       message->insert_len <= URING_INSERT_MAX &&
		       message->tail_len <= message->insert_len;
	return true;
}

/* The kernel's TLS would send a TCP segment for each record, where four fit into one. MSG_MORE
 * prevents that without a system call, but leaves the last record open, so that record is sent
 * by itself. sendfile has no flags, and frames use MSG_MORE otherwise: they take TCP_CORK. */
static void transmit_join_records(struct uring_transmit *transmit, bool sealed)
{
	if (transmit->head_left + transmit->left <= URING_RECORD || !(transmit->left || sealed) ||
	    transmit->encoder)
		return;
	transmit->hold_last = sealed && !transmit->more && !transmit->sendfile &&
			      !transmit->piece_len;
	transmit->corked = !transmit->hold_last && transmit_cork(transmit, 1);
}

int uring_transmit(struct uring_loop *loop, int fd, const struct uring_message *message,
		   uint64_t tag)
{
	struct uring_transmit *transmit;
	int ret;

	if (!transmit_takes(message))
		return -EINVAL;
	transmit = malloc(sizeof(*transmit));
	if (!transmit)
		return -ENOMEM;
	*transmit = (struct uring_transmit){
		.op = { .tag = tag, .fd = fd, .kind = URING_SEND, .state = URING_OP_STEP },
		.step = transmit_step,
		.release = transmit_release,
		.head = message->head,
		.head_left = message->head_len,
		.offset = message->offset,
		.left = message->file_fd >= 0 ? message->length : 0,
		.file_fd = message->file_fd,
		.more = message->more,
		.sendfile = message->sendfile,
		.mapping = message->sendfile ? NULL : message->mapping,
		.nonblocking = message->nonblocking,
		.insert = message->insert,
		.insert_len = (uint8_t)message->insert_len,
		.tail_len = (uint8_t)message->tail_len,
		.insert_left = (uint8_t)(message->insert_len - message->tail_len),
		.piece_len = message->piece_len,
		.piece_left = message->piece_len,
		.tally = message->tally,
		.encoder = message->encoder,
		.encoder_user = message->encoder_user,
	};
	if (message->control) {
		transmit->control_len = (uint8_t)message->control_len;
		memcpy(transmit->control, message->control, message->control_len);
	}
	transmit_align(transmit);
	ret = uring_op_attach(loop, &transmit->op);
	if (ret) {
		free(transmit);
		return ret;
	}
	transmit_join_records(transmit, message->sealed);
	transmit_next(loop, transmit);
	return 0;
}
