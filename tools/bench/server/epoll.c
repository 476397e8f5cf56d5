// SPDX-License-Identifier: MIT
/* A server by epoll and the system's calls, as any program could have. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include "tools/bench/modes.h"
#include "tools/bench/options.h"
#include "tools/bench/server/epoll.h"

#define LOOP_PIECE	(64 * 1024)	/* bytes of a read */
#define LOOP_RECORD	(16 * 1024)	/* bytes of a read for SSL_write,
which seals a record at a time */
#define LOOP_LARGE	(1024 * 1024)	/* bytes of a send or sendfile,
so that other connections have their turn */
#define LOOP_EVENTS	64

struct loop_conn {
	struct bench_child *child;
	enum { LOOP_SHAKE = 0, LOOP_HAND_OVER, LOOP_RECEIVE, LOOP_ANSWER, LOOP_CLOSE } state;
	int fd;
	SSL *ssl;			/* owned until session takes it over */
	struct tlsring_session *session;
	uint64_t asked;			/* bytes of the request that have come */
	uint64_t at;			/* bytes of the answer that have been sent */
	struct bench_copy copy;		/* the answer is sent from it */
	uint32_t waits;			/* event that it is watched for */
	struct loop_conn *next, *next_free;
};

struct loop {
	struct bench_child *child;
	int epoll;
	struct loop_conn *conns;	/* owned: all, in use or free */
	struct loop_conn *free;		/* free ones among conns */
};

/* Steps return 0: go on with the next state; -EAGAIN: wait for the event in waits; -errno. */

static int loop_ssl_result(struct loop_conn *c, int ret)
{
	int error = SSL_get_error(c->ssl, ret);

	ERR_clear_error();
	c->waits = error == SSL_ERROR_WANT_WRITE ? EPOLLOUT : EPOLLIN;
	return error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ ? -EAGAIN : -EPIPE;
}

static int loop_shake(struct loop_conn *c)
{
	int ret;

	if (c->child->mode->seal == BENCH_NOBODY) {
		c->state = LOOP_RECEIVE;
		return 0;
	}
	if (c->child->mode->seal == BENCH_USER) {
		ret = SSL_accept(c->ssl);
		if (ret != 1)
			return loop_ssl_result(c, ret);
		c->state = LOOP_RECEIVE;
		return 0;
	}
	ret = tlsring_handshake(c->ssl);
	if (ret > 0) {
		c->waits = ret == TLSRING_WANT_WRITE ? EPOLLOUT : EPOLLIN;
		return -EAGAIN;
	}
	if (!ret)
		ret = tlsring_session_new(&c->session, c->child->ctx, c->ssl, c->fd);
	if (ret)
		return ret;
	c->ssl = NULL;
	c->state = LOOP_HAND_OVER;
	return 0;
}

/* The measured direction is where the mode wants it; the other one may be in the kernel or on a
 * NIC. */
static bool loop_moved(const struct loop_conn *c, const struct tlsring_info *info)
{
	enum bench_direction direction = c->child->setup->options->direction;
	enum tlsring_path least = c->child->mode->seal == BENCH_NIC ? TLSRING_PATH_NIC :
								      TLSRING_PATH_KERNEL;
	enum tlsring_path tx = direction == BENCH_RECEIVE ? TLSRING_PATH_KERNEL : least;

	return (info->tx.path == TLSRING_PATH_NIC || info->tx.path == tx) &&
	       (!direction || info->rx.path == TLSRING_PATH_NIC || info->rx.path == least);
}

/* Ends the connection if keys were not installed: the socket would send clear text. */
static int loop_hand_over(struct loop_conn *c)
{
	struct tlsring_info info = { .size = sizeof(info) };
	int ret = tlsring_session_handover(c->session);

	c->waits = ret == -EBUSY ? EPOLLOUT : EPOLLIN;
	if (ret)
		return ret == -EBUSY ? -EAGAIN : ret;
	ret = tlsring_session_info(c->session, &info);
	if (ret)
		return ret;
	bench_child_opened(c->child, &info);
	c->state = LOOP_RECEIVE;
	return loop_moved(c, &info) ? 0 : -EOPNOTSUPP;
}

/*
 * Code that seals record by record gives each to TCP as a segment of its own. How many of these
 * become one depends on timing, unless TCP waits for full segments, as the engine and nginx's
 * tcp_nopush let it.
 */
static void loop_cork(const struct loop_conn *c, int on)
{
	if (bench_options_down(c->child->setup->options) > LOOP_RECORD)
		setsockopt(c->fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
}

static int loop_receive(struct loop_conn *c)
{
	uint64_t all = bench_options_up(c->child->setup->options), rest = all - c->asked;
	char piece[LOOP_PIECE];
	size_t left = rest < sizeof(piece) ? (size_t)rest : sizeof(piece);
	ssize_t got;

	c->waits = EPOLLIN;
	if (c->session) {
		got = tlsring_session_recv(c->session, piece, left);
	} else if (c->ssl) {
		got = SSL_read(c->ssl, piece, (int)left);
		if (got <= 0)
			return loop_ssl_result(c, (int)got);
	} else {
		got = recv(c->fd, piece, left, 0);
		got = got < 0 ? -errno : got;
	}
	if (got <= 0)
		return got ? (int)got : -EPIPE;
	if (!bench_child_received(c->child, c->asked, piece, (size_t)got))
		return -EILSEQ;
	c->asked += (uint64_t)got;
	if (c->asked == all) {
		loop_cork(c, 1);
		c->at = 0;
		c->copy = bench_child_copy(c->child);
		c->state = LOOP_ANSWER;
	}
	return 0;
}

/* Bytes or -errno. more: others follow, so that the last record may stay open. */
static ssize_t loop_send(struct loop_conn *c, const void *data, size_t len, bool more)
{
	ssize_t sent;

	if (c->ssl) {
		sent = SSL_write(c->ssl, data, (int)len);
		return sent > 0 ? sent : loop_ssl_result(c, (int)sent);
	}
	sent = send(c->fd, data, len, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
	return sent < 0 ? -errno : sent;
}

static ssize_t loop_piece(struct loop_conn *c)
{
	const struct bench_setup *setup = c->child->setup;
	uint64_t left = bench_options_down(setup->options) - c->at;
	size_t len = left < LOOP_LARGE ? (size_t)left : LOOP_LARGE;
	off_t at = (off_t)c->at;
	char piece[LOOP_PIECE];
	size_t room;
	ssize_t ret;

	switch (c->child->mode->way) {
	case BENCH_SENDFILE:
	case BENCH_ZEROCOPY:
		ret = sendfile(c->fd, c->copy.fd, &at, len);
		return ret < 0 ? -errno : ret;
	case BENCH_READ:
		room = c->ssl ? LOOP_RECORD : LOOP_PIECE;
		ret = pread(c->copy.fd, piece, len < room ? len : room, at);
		return ret <= 0 ? -EIO : loop_send(c, piece, (size_t)ret, (uint64_t)ret < left);
	default:
		return loop_send(c, c->copy.map + at, len, len < left);
	}
}

static int loop_answer(struct loop_conn *c)
{
	ssize_t sent = loop_piece(c);
	int ret;

	c->waits = EPOLLOUT;
	if (sent <= 0)
		return sent ? (int)sent : -EPIPE;
	c->at += (uint64_t)sent;
	if (c->at == bench_options_down(c->child->setup->options)) {
		loop_cork(c, 0);
		c->asked = 0;
		c->state = bench_mode_new(c->child->mode) ? LOOP_CLOSE : LOOP_RECEIVE;
	}
	ret = c->session ? tlsring_session_sent(c->session, (uint64_t)sent) : 0;
	return ret;
}

static int loop_close(struct loop_conn *c)
{
	if (c->session)
		tlsring_session_close(c->session);
	else if (c->ssl)
		SSL_shutdown(c->ssl);
	return -EPIPE;
}

/* ---- connections ---- */

static void loop_conn_free(struct loop_conn *c)
{
	tlsring_session_free(c->session);
	SSL_free(c->ssl);
	if (c->fd >= 0)
		close(c->fd);
	c->session = NULL;
	c->ssl = NULL;
	c->fd = -1;
}

/* Its memory stays, as events that were fetched with this one may still refer to it. */
static void loop_conn_end(struct loop *loop, struct loop_conn *c)
{
	if (c->fd < 0)
		return;
	loop_conn_free(c);
	c->next_free = loop->free;
	loop->free = c;
}

static void loop_step(struct loop *loop, struct loop_conn *c)
{
	static int (*const steps[])(struct loop_conn *) = {
		loop_shake, loop_hand_over, loop_receive, loop_answer, loop_close,
	};
	struct epoll_event event = { .data.ptr = c };
	uint32_t waited = c->waits;
	int ret;

	if (c->fd < 0)
		return;
	do
		ret = steps[c->state](c);
	while (!ret);
	event.events = c->waits;
	if (ret != -EAGAIN ||
	    (c->waits != waited && epoll_ctl(loop->epoll, EPOLL_CTL_MOD, c->fd, &event)))
		loop_conn_end(loop, c);
}

static int loop_ssl(struct loop_conn *c)
{
	if (c->child->mode->seal == BENCH_NOBODY)
		return 0;
	c->ssl = SSL_new(c->child->setup->server);
	if (!c->ssl || (c->child->ctx && tlsring_watch(c->ssl)) || !SSL_set_fd(c->ssl, c->fd))
		return -ENOMEM;
	SSL_set_accept_state(c->ssl);
	return 0;
}

/* A free one, or a new one. */
static struct loop_conn *loop_conn_new(struct loop *loop)
{
	struct loop_conn *c = loop->free, *next;

	if (c) {
		loop->free = c->next_free;
	} else {
		c = calloc(1, sizeof(*c));
		if (!c)
			return NULL;
		c->next = loop->conns;
		loop->conns = c;
	}
	next = c->next;
	*c = (struct loop_conn){ .child = loop->child, .waits = EPOLLIN, .next = next };
	return c;
}

static void loop_accept(struct loop *loop)
{
	int fd = accept4(loop->child->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), one = 1;
	struct loop_conn *c = fd < 0 ? NULL : loop_conn_new(loop);
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };

	if (!c) {
		if (fd >= 0)
			close(fd);
		return;
	}
	c->fd = fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (loop_ssl(c) || epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event))
		loop_conn_end(loop, c);
}

static int loop_watch(struct loop *loop, int fd, void *what)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = what };

	return epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* False: the end. */
static bool loop_turn(struct loop *loop)
{
	struct epoll_event events[LOOP_EVENTS];
	int count = epoll_wait(loop->epoll, events, LOOP_EVENTS, -1);
	bool on = true;

	for (int i = 0; i < count; i++) {
		if (events[i].data.ptr == loop->child)
			on &= bench_child_asked(loop->child);
		else if (events[i].data.ptr == loop)
			loop_accept(loop);
		else
			loop_step(loop, events[i].data.ptr);
	}
	return on && (count >= 0 || errno == EINTR);
}

int bench_epoll_serve(struct bench_child *child)
{
	struct loop loop = { .child = child, .epoll = epoll_create1(EPOLL_CLOEXEC) };
	int ret = loop.epoll < 0 ? -errno : loop_watch(&loop, child->listener, &loop);

	if (!ret)
		ret = loop_watch(&loop, child->control, child);
	while (!ret && loop_turn(&loop))
		;
	while (loop.conns) {
		struct loop_conn *c = loop.conns;

		loop.conns = c->next;
		loop_conn_free(c);
		free(c);
	}
	if (loop.epoll >= 0)
		close(loop.epoll);
	return ret;
}
