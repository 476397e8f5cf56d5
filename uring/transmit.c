/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "uring/internal.h"

/*
 * A transmission sees its file through a window: a mapping of it (a large file: the kernel seals
 * straight from the page cache), which may be one that the caller keeps, or a pooled buffer that was read
 * into (one for which that costs less than to map it, or that cannot be mapped). What is left of the head
 * goes out together with the window's start, so that they share a record; in a buffer it stands before it, so
 * that the record's bytes lie side by side: the kernel's ciphers copy around each seam that is no multiple of a
 * block. What goes out by sendfile is only known to be in memory; what shares a record with the head is read
 * even so.
 * At any time one step is in flight: a send, or what must come before it. No step with bytes of the file
 * waits inside the kernel with the socket full: that is a step of its own, for which neither a buffer nor a
 * file that may shrink is held.
 *
 * A mapping shows zeroes behind the end of a file that was cut short. So a mapped piece is sent
 * only right after the file's size was looked at, and once the size is too small the rest goes by
 * read, which tells the truth.
 */

void uring_window_close(struct uring_loop *loop, struct uring_window *window)
{
	if (window->kind == URING_WINDOW_MAP && !window->kept)
		munmap(window->base, window->end - window->start);
	else if (window->kind == URING_WINDOW_POOL)
		uring_pool_put(loop, window->base);
	window->kind = URING_WINDOW_NONE;
}

static bool uring_transmit_cork(const struct uring_transmit *transmit, int on)
{
	return !setsockopt(transmit->op.fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
}

void uring_transmit_release(struct uring_loop *loop, struct uring_op *op)
{
	struct uring_transmit *transmit = (struct uring_transmit *)op;

	if (transmit->corked)
		uring_transmit_cork(transmit, 0);
	uring_window_close(loop, &transmit->window);
}

void uring_transmit_start(struct uring_loop *loop, struct uring_transmit *transmit, enum uring_kind kind)
{
	transmit->op.kind = kind;
	loop->driver->start(loop, &transmit->op);
}

/* True when the file still reaches as far as that. */
bool uring_file_reaches(int fd, uint64_t end)
{
	struct stat st;

	return !fstat(fd, &st) && (uint64_t)st.st_size >= end;
}

int uring_window_map(struct uring_loop *loop, struct uring_transmit *transmit)
{
	struct uring_window *window = &transmit->window;
	uint64_t start = transmit->offset - transmit->offset % URING_MAP_ALIGN;
	uint64_t end = transmit->offset + transmit->left;
	void *base = (void *)transmit->mapping;
	int ret;

	if (end > start + URING_MAP_SIZE)
		end = start + URING_MAP_SIZE;
	ret = uring_fetch(loop, transmit, &end);
	if (ret <= 0)
		return ret;
	if (base)
		base = (char *)base + start;
	else
		base = mmap(NULL, end - start, PROT_READ, MAP_SHARED, transmit->file_fd, (off_t)start);
	if (base == MAP_FAILED)
		return 0;
	*window = (struct uring_window){
		.base = base, .start = start, .end = end, .kind = URING_WINDOW_MAP, .kept = transmit->mapping,
	};
	transmit->mapped = true;
	return 1;
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
		/* Some file systems cannot tell what is in memory. */
		if (errno == EOPNOTSUPP && flags)
			flags = 0;
		else if (errno != EINTR)
			return -errno;
		if (!flags && !uring_file_never_cold(fd))
			return -EAGAIN;
	}
}

/* How far into its record is the byte that so many come before? */
static uint64_t uring_transmit_phase(const struct uring_transmit *transmit, uint64_t before)
{
	if (before >= transmit->first)
		before -= transmit->first;
	return before % URING_RECORD;
}

/* The same for sendfile, which needs no mapping. */
static int uring_window_look(struct uring_loop *loop, struct uring_transmit *transmit)
{
	uint64_t end = transmit->offset + transmit->left;
	int ret;

	if (end > transmit->offset + URING_MAP_SIZE)
		end = transmit->offset + URING_MAP_SIZE;
	ret = uring_fetch(loop, transmit, &end);
	if (ret <= 0)
		return ret;
	if (end < transmit->offset + transmit->left)
		end -= uring_transmit_phase(transmit, transmit->sent + end - transmit->offset);
	transmit->window = (struct uring_window){
		.start = transmit->offset, .end = end, .kind = URING_WINDOW_PAGES,
	};
	transmit->mapped = true;
	return 1;
}

/* Read on until the pooled window holds what it is for. 1: it does; -EINPROGRESS: it must be
 * waited for; -ENODATA: the file has ended before. */
static int uring_window_fill(struct uring_loop *loop, struct uring_transmit *transmit)
{
	struct uring_window *window = &transmit->window;
	uint64_t target = transmit->offset + transmit->left, room = URING_POOL_SIZE;
	struct uring_op *op = &transmit->op;

	/* Full records only, unless this is the end of the file range. */
	room -= uring_transmit_phase(transmit, transmit->sent + transmit->head_left);
	if (room + window->head > URING_POOL_SIZE)
		room -= URING_RECORD;
	/* sendfile sends the rest. */
	if (transmit->pages && transmit->head_left)
		room %= URING_RECORD;
	if (target > window->start + room)
		target = window->start + room;
	if (transmit->offset < transmit->edge)
		target = transmit->edge;
	while (window->end < target) {
		char *at = window->base + window->head + (window->end - window->start);
		size_t left = target - window->end;
		ssize_t got = uring_read_now(transmit->file_fd, at, left, window->end);

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

static bool uring_transmit_maps(const struct uring_transmit *transmit)
{
	if (transmit->unmappable || transmit->left <= URING_POOL_SIZE || transmit->offset < transmit->edge)
		return false;
	return !transmit->pages && transmit->sent + transmit->left > URING_MAP_LEAST;
}

/* Make the next part of the file accessible: 1, -EINPROGRESS, or why not. */
static int uring_window_open(struct uring_loop *loop, struct uring_transmit *transmit)
{
	struct uring_window *window = &transmit->window;
	bool pages = transmit->pages && !transmit->head_left && !transmit->unmappable;
	int ret;

	if (pages || uring_transmit_maps(transmit)) {
		ret = pages ? uring_window_look(loop, transmit) : uring_window_map(loop, transmit);
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
	if (transmit->head_left <= URING_HEAD_COPY) {
		window->head = (uint16_t)transmit->head_left;
		if (window->head)
			memcpy(window->base, transmit->head, window->head);
	}
	return uring_window_fill(loop, transmit);
}

/* Of the len bytes that are left, those before the last record, when that is to go out by itself; 0: all at once. */
static size_t uring_transmit_held(const struct uring_transmit *transmit, size_t len)
{
	size_t last = (size_t)uring_transmit_phase(transmit, transmit->sent + len);

	if (!last)
		last = URING_RECORD;
	return transmit->held && last < len ? len - last : 0;
}

/* How much of the window goes out now: the last record of it is a full one while more follows. */
static size_t uring_piece_len(const struct uring_transmit *transmit)
{
	uint64_t len, excess;
	size_t held;

	if (!transmit->left)
		return 0;
	len = transmit->window.end - transmit->offset;
	if (len > URING_SEND_MAX)
		len = URING_SEND_MAX;
	excess = uring_transmit_phase(transmit, transmit->sent + transmit->head_left + len);
	if (len < transmit->left && excess < len)
		return len - excess;
	held = len < transmit->left ? 0 : uring_transmit_held(transmit, transmit->head_left + len);
	return held > transmit->head_left ? held - transmit->head_left : len;
}

/* What is sent next of the window; its copy of the head comes before it. */
static char *uring_piece(const struct uring_transmit *transmit)
{
	const struct uring_window *window = &transmit->window;

	return window->base + window->head + (transmit->offset - window->start);
}

/* A sendfile follows, which does not go by way of the ring either. */
static void uring_transmit_now(struct uring_loop *loop, struct uring_transmit *transmit)
{
	struct uring_op *op = &transmit->op;
	ssize_t sent = send(op->fd, op->buf, op->len, op->flags | MSG_DONTWAIT);

	op->kind = URING_SEND;
	uring_transmit_step(loop, op, sent < 0 ? -errno : (int)sent);
}

static void uring_transmit_send(struct uring_loop *loop, struct uring_transmit *transmit)
{
	size_t len = uring_piece_len(transmit);
	char *piece = len ? uring_piece(transmit) : NULL;
	struct uring_op *op = &transmit->op;
	size_t held;

	op->flags = MSG_NOSIGNAL;
	if ((len < transmit->left || transmit->more) && transmit->offset + len != transmit->edge)
		op->flags |= MSG_MORE;
	if (len)
		op->flags |= MSG_DONTWAIT;
	if (len && transmit->head_left && transmit->window.head) {
		op->buf = piece - transmit->head_left;
		op->len = (uint32_t)(transmit->head_left + len);
		if (transmit->pages)
			uring_transmit_now(loop, transmit);
		else
			uring_transmit_start(loop, transmit, URING_SEND);
		return;
	}
	if (!transmit->head_left || (!len && !transmit->control_len)) {
		op->buf = len ? piece : (void *)transmit->head;
		op->len = len ? (uint32_t)len :
			(uint32_t)(transmit->head_left < URING_HEAD_MAX ? transmit->head_left : URING_HEAD_MAX);
		held = len ? 0 : uring_transmit_held(transmit, op->len);
		if (held) {
			op->len = (uint32_t)held;
			op->flags |= MSG_MORE;
		}
		uring_transmit_start(loop, transmit, URING_SEND);
		return;
	}
	transmit->iov[0] = (struct iovec){ (void *)transmit->head, transmit->head_left };
	transmit->iov[1] = (struct iovec){ piece, len };
	transmit->msg = (struct msghdr){
		.msg_iov = transmit->iov,
		.msg_iovlen = len ? 2 : 1,
		.msg_control = transmit->control_len ? transmit->control : NULL,
		.msg_controllen = transmit->control_len,
	};
	op->buf = &transmit->msg;
	uring_transmit_start(loop, transmit, URING_SENDMSG);
}

static ssize_t uring_sendfile_call(int fd, int file_fd, off_t offset, size_t len)
{
	ssize_t sent = sendfile(fd, file_fd, &offset, len);

	return sent < 0 ? -errno : sent;
}

/* sendfile knows no MSG_NOSIGNAL: what it raises is taken back, unless it was raised before, as it can have
 * been where it is blocked only. */
static ssize_t uring_sendfile_quietly(int fd, int file_fd, off_t offset, size_t len)
{
	static const struct timespec now;
	bool blocked, before = false;
	sigset_t pipe, old, pending;
	ssize_t ret;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, &old);
	blocked = sigismember(&old, SIGPIPE);
	if (blocked && !sigpending(&pending))
		before = sigismember(&pending, SIGPIPE);
	ret = uring_sendfile_call(fd, file_fd, offset, len);
	if (ret == -EPIPE && !before)
		sigtimedwait(&pipe, NULL, &now);
	if (!blocked)
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	return ret;
}

/* It asks the socket whether it may wait; the ring's own operations, receiving above all, want one that
 * lets them. */
static ssize_t uring_sendfile(const struct uring_loop *loop, const struct uring_transmit *transmit)
{
	size_t len = transmit->window.end - transmit->offset;
	int fd = transmit->op.fd, file_fd = transmit->file_fd;
	bool *nonblocking = transmit->nonblocking;
	off_t offset = (off_t)transmit->offset;
	ssize_t ret;

	if (!(nonblocking && *nonblocking) && fcntl(fd, F_SETFL, O_NONBLOCK))
		return -errno;
	if (nonblocking)
		*nonblocking = true;
	ret = (loop->quiet ? uring_sendfile_call : uring_sendfile_quietly)(fd, file_fd, offset, len);
	if (!nonblocking && loop->driver->backend == URING_BACKEND_RING)
		fcntl(fd, F_SETFL, 0);
	return ret;
}

void uring_transmit_count(const struct uring_transmit *transmit, enum uring_way way, size_t bytes)
{
	if (transmit->tally)
		uring_tally_add(&transmit->tally->bytes[way], bytes);
}

static void uring_transmit_next(struct uring_loop *loop, struct uring_transmit *transmit);
static void uring_transmit_advance(struct uring_loop *loop, struct uring_transmit *transmit, size_t sent);

/* The window's pages, of which none needs to be waited for; then the others get their turn. */
static void uring_transmit_pages(struct uring_loop *loop, struct uring_transmit *transmit)
{
	ssize_t sent = uring_sendfile(loop, transmit);

	if (sent > 0) {
		uring_transmit_count(transmit, URING_WAY_SENDFILE, (size_t)sent);
		uring_transmit_advance(loop, transmit, (size_t)sent);
	}
	if (sent > 0 && !transmit->left) {
		uring_transmit_next(loop, transmit);
	} else if (sent > 0 || sent == -EAGAIN) {
		transmit->op.flags = POLLOUT;
		uring_transmit_start(loop, transmit, URING_POLL);
	} else if (sent == -EINVAL) {
		transmit->pages = false;	/* this file system, or this socket, does not take it */
		uring_window_close(loop, &transmit->window);
		uring_transmit_next(loop, transmit);
	} else {
		uring_op_end(loop, &transmit->op, sent ? (int)sent : -ENODATA);
	}
}

static void uring_transmit_next(struct uring_loop *loop, struct uring_transmit *transmit)
{
	struct uring_window *window = &transmit->window;
	int ret = 1;

	if (transmit->every) {
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
		uring_transmit_pages(loop, transmit);
	else if (ret > 0)
		uring_transmit_send(loop, transmit);
	else if (ret != -EINPROGRESS)
		uring_op_end(loop, &transmit->op, ret);
}

static void uring_transmit_advance(struct uring_loop *loop, struct uring_transmit *transmit, size_t sent)
{
	size_t head = sent < transmit->head_left ? sent : transmit->head_left;
	uint64_t left;

	transmit->sent += sent;
	transmit->head += head;
	transmit->head_left -= head;
	transmit->offset += sent - head;
	transmit->left -= sent - head;
	left = transmit->window.end - transmit->offset;
	if (!left || (transmit->window.kind != URING_WINDOW_POOL && left < URING_RECORD && left < transmit->left))
		uring_window_close(loop, &transmit->window);
}

/* 1: go on; -EINPROGRESS: a step was started; else the end. */
static int uring_transmit_sent(struct uring_loop *loop, struct uring_transmit *transmit, int res)
{
	if (res > 0 && transmit->every)
		return uring_frames_sent(loop, transmit, (size_t)res);
	if (res > 0) {
		bool mapped = transmit->window.kind == URING_WINDOW_MAP;

		uring_transmit_count(transmit, mapped ? URING_WAY_MAPPING : URING_WAY_BUFFER, (size_t)res);
		uring_transmit_advance(loop, transmit, (size_t)res);
		return 1;
	}
	if (res == -EAGAIN) {
		/* Thousands may wait like this one; a buffer can be filled again. */
		if (transmit->window.kind == URING_WINDOW_POOL && !transmit->every)
			uring_window_close(loop, &transmit->window);
		transmit->op.flags = POLLOUT;
		uring_transmit_start(loop, transmit, URING_POLL);
		return -EINPROGRESS;
	}
	if (res == -EFAULT && transmit->window.kind == URING_WINDOW_MAP) {
		uring_window_close(loop, &transmit->window);
		transmit->unmappable = true;
		return 1;
	}
	return res ? res : -EIO;
}

static int uring_transmit_read(struct uring_loop *loop, struct uring_transmit *transmit, int res)
{
	if (res <= 0)
		return res ? res : -ENODATA;
	transmit->window.end += (uint64_t)res;
	return uring_window_fill(loop, transmit);
}

void uring_transmit_step(struct uring_loop *loop, struct uring_op *op, int res)
{
	struct uring_transmit *transmit = (struct uring_transmit *)op;
	bool sending = op->kind == URING_SEND || op->kind == URING_SENDMSG;
	int ret = 1;

	if (sending)
		ret = uring_transmit_sent(loop, transmit, res);
	else if (op->kind == URING_READ)
		ret = uring_transmit_read(loop, transmit, res);
	else if (op->kind == URING_FETCH && res <= 0)
		transmit->unmappable = true;	/* reading it will tell why */
	else if (op->kind == URING_POLL && res < 0)
		ret = res;
	else if (op->kind == URING_POLL && transmit->window.kind >= URING_WINDOW_MAP && uring_fetch_again(transmit))
		uring_window_close(loop, &transmit->window);
	if (ret > 0 && op->state & URING_OP_CANCELLED && (transmit->head_left || transmit->left))
		ret = -ECANCELED;
	if (ret > 0)
		uring_transmit_next(loop, transmit);
	else if (ret != -EINPROGRESS)
		uring_op_end(loop, op, ret);
}

static uint64_t uring_records(uint64_t bytes)
{
	return (bytes + URING_RECORD - 1) / URING_RECORD;
}

/*
 * A head would push all records of a large file off the edges of its pages, which makes them dearer to seal.
 * So the first record, from a buffer, ends at such an edge, unless what follows is sealed from buffers too, or
 * is too little for one record more to pay.
 */
static void uring_transmit_align(struct uring_transmit *transmit)
{
	uint64_t head = transmit->head_left, edge = transmit->offset + URING_RECORD - head, part;

	if (!head || head > URING_HEAD_COPY)
		return;
	edge &= ~(uint64_t)(URING_ALIGN - 1);
	part = edge - transmit->offset;
	if (transmit->left < URING_ALIGN_LEAST &&
	    (!(transmit->pages || transmit->mapping) || part > transmit->left ||
	     1 + uring_records(transmit->left - part) > uring_records(head + transmit->left)))
		return;
	transmit->edge = edge;
	transmit->first = head + part;
}

int uring_transmit(struct uring_loop *loop, int fd, const struct uring_message *message, uint64_t tag)
{
	struct uring_transmit *transmit;
	bool records;
	int ret;

	if (message->control && (message->control_len > URING_CONTROL_SPACE || !message->head_len ||
				 message->file_fd >= 0 || message->more))
		return -EINVAL;
	if (message->every && (message->head_len || message->length % message->every ||
			       message->every > URING_POOL_SIZE || message->insert_len > URING_INSERT_MAX ||
			       message->tail_len > message->insert_len))
		return -EINVAL;
	transmit = malloc(sizeof(*transmit));
	if (!transmit)
		return -ENOMEM;
	*transmit = (struct uring_transmit){
		.op = { .tag = tag, .fd = fd, .kind = URING_SEND, .state = URING_OP_STEP },
		.head = message->head,
		.head_left = message->head_len,
		.offset = message->offset,
		.left = message->file_fd >= 0 ? message->length : 0,
		.file_fd = message->file_fd,
		.more = message->more,
		.pages = message->pages,
		.mapping = message->pages ? NULL : message->mapping,
		.nonblocking = message->nonblocking,
		.insert = message->insert,
		.insert_len = (uint8_t)message->insert_len,
		.tail_len = (uint8_t)message->tail_len,
		.insert_left = (uint8_t)(message->insert_len - message->tail_len),
		.every = message->every,
		.until = message->every,
		.tally = message->tally,
	};
	if (message->control) {
		transmit->control_len = (uint8_t)message->control_len;
		memcpy(transmit->control, message->control, message->control_len);
	}
	uring_transmit_align(transmit);
	ret = uring_op_attach(loop, &transmit->op);
	if (ret) {
		free(transmit);
		return ret;
	}
	/* The kernel's TLS would send a segment for each record, where four fit into one. MSG_MORE holds them back too,
	 * without two system calls, but would leave the last record open. sendfile takes no flags. */
	records = (transmit->left || message->sealed) && transmit->head_left + transmit->left > URING_RECORD;
	transmit->held = records && message->sealed && !message->more && !message->pages && !message->every;
	transmit->corked = records && !transmit->held && uring_transmit_cork(transmit, 1);
	uring_transmit_next(loop, transmit);
	return 0;
}
