// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "uring/buffers.h"
#include "uring/helpers.h"
#include "uring/op.h"

/*
 * wait() tries the operations in the order they came. One that would block is parked: it stays on
 * its descriptor's list only, until an edge of the descriptor makes it ready. A descriptor is
 * registered once, for both directions, by the first operation that is parked on it. Files have no
 * edges: threads read them.
 */

#define EPOLL_EVENTS	256

struct uring_epoll {
	int fd;
	struct uring_list ready;
	struct uring_helpers *helpers;
};

static int epoll_open(struct uring_loop *loop, const struct uring_options *options)
{
	struct uring_epoll *epoll = malloc(sizeof(*epoll));
	struct epoll_event event = { .events = EPOLLIN };
	int ret;

	(void)options;
	if (!epoll)
		return -ENOMEM;
	ret = uring_helpers_new(&epoll->helpers);
	if (ret)
		goto fail;
	event.data.fd = uring_helpers_fd(epoll->helpers);
	epoll->fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll->fd < 0 || epoll_ctl(epoll->fd, EPOLL_CTL_ADD, event.data.fd, &event)) {
		ret = -errno;
		goto fail_helpers;
	}
	STAILQ_INIT(&epoll->ready);
	loop->state = epoll;
	return 0;
fail_helpers:
	if (epoll->fd >= 0)
		close(epoll->fd);
	uring_helpers_free(epoll->helpers);
fail:
	free(epoll);
	return ret;
}

static void epoll_close(struct uring_loop *loop)
{
	struct uring_epoll *epoll = loop->state;

	uring_helpers_free(epoll->helpers);
	close(epoll->fd);
	free(epoll);
}

static void epoll_start(struct uring_loop *loop, struct uring_op *op)
{
	struct uring_epoll *epoll = loop->state;

	if (op->state & URING_OP_QUEUED)
		return;
	if (op->kind == URING_ACCEPT) {
		int flags = fcntl(op->fd, F_GETFL);

		if (flags >= 0 && !(flags & O_NONBLOCK))
			fcntl(op->fd, F_SETFL, flags | O_NONBLOCK);
	}
	uring_list_add(&epoll->ready, op);
}

static bool epoll_registered(const struct uring_loop *loop, int fd)
{
	const struct uring_op *op;

	SLIST_FOREACH(op, &loop->on_fd[fd], on_fd) {
		if (op->state & URING_OP_REGISTERED)
			return true;
	}
	return false;
}

static void epoll_park(struct uring_loop *loop, struct uring_op *op)
{
	struct uring_epoll *epoll = loop->state;
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.fd = op->fd,
	};

	if (!epoll_registered(loop, op->fd) &&
	    epoll_ctl(epoll->fd, EPOLL_CTL_ADD, op->fd, &event) && errno != EEXIST) {
		uring_op_done(loop, op, -errno);
		return;
	}
	op->state |= URING_OP_REGISTERED;
}

/* Park the operation if it would block, else it is done. ret and errno are a system call's. */
static void epoll_result(struct uring_loop *loop, struct uring_op *op, ssize_t ret)
{
	if (ret < 0 && errno == EAGAIN && !(op->flags & MSG_DONTWAIT))
		epoll_park(loop, op);
	else
		uring_op_done(loop, op, ret < 0 ? -errno : (int)ret);
}

static void epoll_accept(struct uring_loop *loop, struct uring_op *op)
{
	struct uring_epoll *epoll = loop->state;
	int fd = accept4(op->fd, NULL, NULL, SOCK_CLOEXEC);
	struct uring_completion *completion;

	if (fd < 0 && errno == EAGAIN) {
		epoll_park(loop, op);
	} else if (fd < 0 && errno != ECONNABORTED && errno != EINTR) {
		uring_op_end(loop, op, -errno);
	} else {
		if (fd >= 0) {
			completion = uring_op_completion(loop, op);
			completion->res = fd;
			completion->flags = URING_COMPLETION_MORE;
		}
		uring_list_add(&epoll->ready, op);
	}
}

static void epoll_connect(struct uring_loop *loop, struct uring_op *op)
{
	int flags, error = 0;
	socklen_t len = sizeof(error);

	if (op->state & URING_OP_REGISTERED) {
		getsockopt(op->fd, SOL_SOCKET, SO_ERROR, &error, &len);
		uring_op_end(loop, op, -error);
		return;
	}
	flags = fcntl(op->fd, F_GETFL);
	fcntl(op->fd, F_SETFL, flags | O_NONBLOCK);
	if (connect(op->fd, op->buf, op->len))
		error = errno;
	fcntl(op->fd, F_SETFL, flags);
	if (error == EINPROGRESS)
		epoll_park(loop, op);
	else
		uring_op_end(loop, op, -error);
}

static ssize_t epoll_receive(const struct uring_op *op, char *buf, struct msghdr *msg)
{
	struct iovec iov = { buf + URING_RECEIVE_OFFSET, URING_BUFFER_SIZE - URING_RECEIVE_OFFSET };

	if (op->kind == URING_RECV)
		return recv(op->fd, buf, op->len, MSG_DONTWAIT);
	msg->msg_control = buf + URING_RECEIVE_HEADER;
	msg->msg_controllen = URING_CONTROL_SPACE;
	msg->msg_iov = &iov;
	msg->msg_iovlen = 1;
	return recvmsg(op->fd, msg, MSG_DONTWAIT);
}

static void epoll_recv(struct uring_loop *loop, struct uring_op *op)
{
	struct msghdr msg = { 0 };
	struct uring_completion *completion;
	ssize_t got;
	int id = uring_buffer_take(loop);

	if (id < 0) {
		uring_op_wait_buffer(loop, op);
		return;
	}
	got = epoll_receive(op, uring_buffer_at(loop, (unsigned)id), &msg);
	if (got < 0 || (!got && !msg.msg_controllen)) {
		uring_buffer_put(loop, (uint16_t)id);
		epoll_result(loop, op, got);
		return;
	}
	completion = uring_op_completion(loop, op);
	completion->res = (int)got;
	completion->flags = URING_COMPLETION_BUFFER;
	completion->buffer = (uint16_t)id;
	completion->data = uring_buffer_at(loop, (unsigned)id);
	if (op->kind == URING_RECVMSG) {
		completion->data = (char *)completion->data + URING_RECEIVE_OFFSET;
		completion->msg_flags = msg.msg_flags;
		completion->control = msg.msg_control;
		completion->control_len = msg.msg_controllen;
	}
	if (op->kind == URING_RECV || !got) {
		uring_op_forget(loop, op);
		return;
	}
	completion->flags |= URING_COMPLETION_MORE;
	epoll_start(loop, op);
}

static void epoll_poll(struct uring_loop *loop, struct uring_op *op)
{
	struct pollfd pollfd = { .fd = op->fd, .events = (short)op->flags };
	int ret = poll(&pollfd, 1, 0);

	if (ret)
		uring_op_done(loop, op, ret < 0 ? -errno : pollfd.revents);
	else
		epoll_park(loop, op);
}

/* While a thread reads, the operation counts as queued: no edge and no cancellation touches it. */
static void epoll_read(struct uring_loop *loop, struct uring_op *op)
{
	struct uring_epoll *epoll = loop->state;

	if (!uring_helpers_add(epoll->helpers, op))
		epoll_result(loop, op, pread(op->target, op->buf, op->len, (off_t)op->offset));
}

static void epoll_read_done(struct uring_loop *loop, struct uring_epoll *epoll)
{
	struct uring_list done = STAILQ_HEAD_INITIALIZER(done);
	struct uring_op *op;

	uring_helpers_done(epoll->helpers, &done);
	while ((op = uring_list_take(&done)))
		uring_op_done(loop, op, op->res);
}

static void epoll_try(struct uring_loop *loop, struct uring_op *op)
{
	if (op->state & URING_OP_CANCELLED) {
		uring_op_done(loop, op, -ECANCELED);
		return;
	}
	switch ((enum uring_kind)op->kind) {
	case URING_ACCEPT:
		epoll_accept(loop, op);
		break;
	case URING_CONNECT:
		epoll_connect(loop, op);
		break;
	case URING_RECV:
	case URING_RECVMSG:
		epoll_recv(loop, op);
		break;
	case URING_POLL:
	case URING_POLL_CHANGES:
		epoll_poll(loop, op);
		break;
	case URING_READ:
	case URING_FETCH:
		epoll_read(loop, op);
		break;
	case URING_SEND:
		epoll_result(loop, op, send(op->fd, op->buf, op->len, op->flags | MSG_DONTWAIT));
		break;
	case URING_SENDMSG:
		epoll_result(loop, op, sendmsg(op->fd, op->buf, op->flags | MSG_DONTWAIT));
		break;
	}
}

/* Try each operation that is ready now, once. */
static void epoll_turn(struct uring_loop *loop, struct uring_epoll *epoll)
{
	struct uring_list turn = STAILQ_HEAD_INITIALIZER(turn);
	struct uring_op *op;

	STAILQ_CONCAT(&turn, &epoll->ready);
	while (loop->room && (op = uring_list_take(&turn)))
		epoll_try(loop, op);
	STAILQ_CONCAT(&turn, &epoll->ready);
	STAILQ_CONCAT(&epoll->ready, &turn);
}

static bool epoll_wakes(const struct uring_op *op, uint32_t events)
{
	bool out = op->kind == URING_CONNECT || op->kind == URING_SEND || op->kind == URING_SENDMSG;
	uint32_t wanted = out ? EPOLLOUT : EPOLLIN | EPOLLRDHUP;

	if (op->kind == URING_POLL)
		wanted = (uint32_t)op->flags;
	return events & (EPOLLERR | EPOLLHUP | wanted);
}

static void epoll_event(struct uring_loop *loop, struct uring_epoll *epoll,
			const struct epoll_event *event)
{
	struct uring_op *op;

	if ((unsigned)event->data.fd >= loop->fds)
		return;
	SLIST_FOREACH(op, &loop->on_fd[event->data.fd], on_fd) {
		if (!(op->state & URING_OP_QUEUED) && epoll_wakes(op, event->events))
			uring_list_add(&epoll->ready, op);
	}
}

static int epoll_wait_turn(struct uring_loop *loop, int msecs)
{
	struct uring_epoll *epoll = loop->state;
	struct epoll_event events[EPOLL_EVENTS];
	unsigned room = loop->room;
	int count, ret;

	epoll_turn(loop, epoll);
	if (!STAILQ_EMPTY(&epoll->ready) || loop->room < room)
		msecs = 0;
	count = epoll_wait(epoll->fd, events, EPOLL_EVENTS, msecs);
	ret = count < 0 ? -errno : 0;
	for (int i = 0; i < count; i++) {
		if (events[i].data.fd == uring_helpers_fd(epoll->helpers))
			epoll_read_done(loop, epoll);
		else
			epoll_event(loop, epoll, &events[i]);
	}
	epoll_turn(loop, epoll);
	return ret;
}

static void epoll_cancel(struct uring_loop *loop, struct uring_op *op)
{
	struct uring_epoll *epoll = loop->state;

	if (!(op->state & URING_OP_QUEUED))
		uring_list_add(&epoll->ready, op);
}

static void epoll_close_fd(struct uring_loop *loop, int fd)
{
	(void)loop;
	close(fd);
}

const struct uring_driver uring_epoll_driver = {
	.backend = URING_BACKEND_EPOLL,
	.open = epoll_open,
	.close = epoll_close,
	.start = epoll_start,
	.cancel = epoll_cancel,
	.wait = epoll_wait_turn,
	.close_fd = epoll_close_fd,
};
