// SPDX-License-Identifier: MIT
/* What a program sees of a connection's end, and when: each case on both backends and both
 * paths. */
#include <fcntl.h>
#include <sys/eventfd.h>
#include <time.h>
#include "tests/lib/service.h"

#define SUITE	"TLS_AES_128_GCM_SHA256"
#define FULL	(200 * 1024)	/* more than the engine keeps for a program that takes nothing */

struct server;

struct end_case {
	bool pause;			/* received() takes nothing */
	bool finishing;			/* the program wants to know of the peer's close_notify */
	unsigned idle_timeout;
	/* Called by the engine's thread, outside all handlers of the connection. */
	void (*act)(struct server *s, struct tlsring_conn *conn);
};

struct server {
	struct service service;
	struct tlsring_handlers handlers;
	const struct end_case *test;
	struct tlsring_conn *conn;
	struct tlsring_end end;
	struct timespec acted, ended;
	int directory;
	int kick;			/* eventfd: act now */
	int opened, received, sent, closed;
	int failing;			/* result of the message */
	bool sending, sent_inside;
};

static void acting(int fd, int events, void *user)
{
	struct server *s = user;
	uint64_t count;

	CHECK(events & POLLIN);
	EQ(read(fd, &count, sizeof(count)), sizeof(count));
	clock_gettime(CLOCK_MONOTONIC, &s->acted);
	s->test->act(s, s->conn);
}

static void opened(struct tlsring_conn *conn, void *user)
{
	struct server *s = user;

	s->conn = conn;
	EQ(tlsring_engine_poll(s->service.engine, s->kick, POLLIN, acting, s), 0);
	__atomic_add_fetch(&s->opened, 1, __ATOMIC_RELEASE);
}

static ssize_t received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct server *s = user;

	(void)conn, (void)data;
	__atomic_add_fetch(&s->received, 1, __ATOMIC_RELEASE);
	return s->test->pause ? -EAGAIN : (ssize_t)len;
}

static void sent(struct tlsring_conn *conn, int result, void *user)
{
	struct server *s = user;

	(void)conn;
	EQ(result, s->failing);
	s->sent_inside |= s->sending;
	__atomic_add_fetch(&s->sent, 1, __ATOMIC_RELEASE);
}

static void finished(struct tlsring_conn *conn, void *user)
{
	(void)conn, (void)user;
}

static void closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	struct server *s = user;

	(void)conn;
	s->end = *end;
	clock_gettime(CLOCK_MONOTONIC, &s->ended);
	__atomic_add_fetch(&s->closed, 1, __ATOMIC_RELEASE);
}

static SSL *server_start(struct server *s, const struct end_case *test, enum tlsring_io io,
			 enum tlsring_offload offload)
{
	struct tlsring_engine_options engine = {
		.size = sizeof(engine), .io = io, .idle_timeout = test->idle_timeout,
	};
	struct tlsring_ctx_options ctx = { .size = sizeof(ctx), .offload = offload };
	SSL_CTX *client = peer_ctx(false, SUITE);
	SSL *ssl;

	*s = (struct server){ .test = test, .kick = eventfd(0, EFD_CLOEXEC) };
	s->handlers = (struct tlsring_handlers){
		.size = sizeof(s->handlers), .opened = opened, .received = received, .sent = sent,
		.finished = test->finishing ? finished : NULL, .closed = closed,
	};
	service_start(&s->service, peer_ctx(true, SUITE), &ctx, &engine, &s->handlers, s);
	ssl = peer_connect(client, s->service.port);
	peer_await(&s->opened, 1);
	SSL_CTX_free(client);
	return ssl;
}

static void server_act(struct server *s)
{
	uint64_t one = 1;

	EQ(write(s->kick, &one, sizeof(one)), sizeof(one));
}

/* Milliseconds from the action to the end. */
static long server_took(const struct server *s)
{
	return (s->ended.tv_sec - s->acted.tv_sec) * 1000 +
	       (s->ended.tv_nsec - s->acted.tv_nsec) / 1000000;
}

static void server_stop(struct server *s)
{
	peer_await(&s->closed, 1);
	service_stop(&s->service);
	close(s->kick);
}

static void fill(SSL *ssl, size_t len)
{
	static const uint8_t bytes[10 * 1024];

	for (; len; len -= sizeof(bytes))
		EQ(SSL_write(ssl, bytes, sizeof(bytes)), sizeof(bytes));
}

#define EACH(name)										\
	TEST_DEADLINE(name##_ring, 60) { name(TLSRING_IO_URING, TLSRING_OFFLOAD_AUTO); }	\
	TEST_DEADLINE(name##_epoll, 60) { name(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_AUTO); }	\
	TEST_DEADLINE(name##_user_ring, 60) { name(TLSRING_IO_URING, TLSRING_OFFLOAD_OFF); }	\
	TEST_DEADLINE(name##_user_epoll, 60) { name(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_OFF); }

/* ---- a program that resumes what is being closed ---- */

static void close_and_resume(struct server *s, struct tlsring_conn *conn)
{
	(void)s;
	tlsring_close(conn);
	tlsring_conn_resume(conn);
}

static void resume_closing(enum tlsring_io io, enum tlsring_offload offload)
{
	static const struct end_case test = { .pause = true, .act = close_and_resume };
	struct server s;
	SSL *ssl = server_start(&s, &test, io, offload);

	fill(ssl, FULL);
	peer_await(&s.received, 1);
	usleep(200000);
	server_act(&s);
	peer_expect_end(ssl);
	SSL_shutdown(ssl);
	peer_free(ssl);
	server_stop(&s);
	EQ(s.end.result, 0);
	/* What the peer still sends is received and dropped, so that its end is seen at once. */
	CHECK(server_took(&s) < 3000);
}

EACH(resume_closing)

static void resume(struct server *s, struct tlsring_conn *conn)
{
	(void)s;
	tlsring_conn_resume(conn);
}

static void resume_timed_out(enum tlsring_io io, enum tlsring_offload offload)
{
	static const struct end_case test = { .pause = true, .idle_timeout = 300, .act = resume };
	struct server s;
	SSL *ssl = server_start(&s, &test, io, offload);

	fill(ssl, FULL);
	peer_expect_end(ssl);
	server_act(&s);
	usleep(200000);
	peer_free(ssl);
	server_stop(&s);
	EQ(s.end.result, -ETIMEDOUT);
	EQ(s.end.limit, TLSRING_LIMIT_IDLE);
}

EACH(resume_timed_out)

/* ---- a truncation that came before the program closes ---- */

static void close_now(struct server *s, struct tlsring_conn *conn)
{
	(void)s;
	tlsring_close(conn);
}

static void fin_while_paused(enum tlsring_io io, enum tlsring_offload offload)
{
	static const struct end_case test = { .pause = true, .act = close_now };
	struct server s;
	SSL *ssl = server_start(&s, &test, io, offload);

	fill(ssl, 10 * 1024);
	CHECK(!shutdown(SSL_get_fd(ssl), SHUT_WR));
	peer_await(&s.received, 1);
	usleep(200000);
	server_act(&s);
	peer_expect_end(ssl);
	peer_free(ssl);
	server_stop(&s);
	EQ(s.end.result, -EPIPE);
}

EACH(fin_while_paused)

/* ---- a peer that answers close_notify, but leaves its socket open ---- */

static void close_notify_without_fin(enum tlsring_io io, enum tlsring_offload offload)
{
	static const struct end_case test = { .act = close_now };
	struct server s;
	SSL *ssl = server_start(&s, &test, io, offload);

	server_act(&s);
	peer_expect_end(ssl);
	EQ(SSL_shutdown(ssl), 1);
	peer_await(&s.closed, 1);
	EQ(s.end.result, 0);
	CHECK(server_took(&s) < 3000);
	peer_free(ssl);
	server_stop(&s);
}

EACH(close_notify_without_fin)

/* ---- sending outside the connection's handlers ---- */

static void send_outside(struct server *s, struct tlsring_conn *conn)
{
	struct tlsring_message empty = { .file_fd = -1 };

	s->sending = true;
	EQ(tlsring_send(conn, &empty), 0);
	EQ(tlsring_send(conn, &empty), -EBUSY);
	s->sending = false;
}

static void sent_comes_later(enum tlsring_io io, enum tlsring_offload offload)
{
	static const struct end_case test = { .act = send_outside };
	struct server s;
	SSL *ssl = server_start(&s, &test, io, offload);

	server_act(&s);
	peer_await(&s.sent, 1);
	SSL_shutdown(ssl);
	peer_free(ssl);
	server_stop(&s);
	EQ(s.sent, 1);
	CHECK(!s.sent_inside);
}

EACH(sent_comes_later)

/* A message that fails at once is no exception. */
static void send_directory(struct server *s, struct tlsring_conn *conn)
{
	struct tlsring_message message = { .length = 1, .file_fd = s->directory };

	s->failing = -EISDIR;
	s->sending = true;
	EQ(tlsring_send(conn, &message), 0);
	s->sending = false;
}

static void failure_comes_later(enum tlsring_io io, enum tlsring_offload offload)
{
	static const struct end_case test = { .act = send_directory };
	struct server s;
	SSL *ssl = server_start(&s, &test, io, offload);

	s.directory = open(".", O_RDONLY | O_CLOEXEC);
	server_act(&s);
	peer_await(&s.closed, 1);
	peer_free(ssl);
	close(s.directory);
	server_stop(&s);
	EQ(s.sent, 1);
	CHECK(!s.sent_inside);
	EQ(s.end.result, -EISDIR);
}

TEST_DEADLINE(failure_comes_later_ring, 60)
{
	failure_comes_later(TLSRING_IO_URING, TLSRING_OFFLOAD_OFF);
}

TEST_DEADLINE(failure_comes_later_epoll, 60)
{
	failure_comes_later(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_OFF);
}
