// SPDX-License-Identifier: MIT
/* The limits of connections: silence, rate, deadline, and admission. */
#include <sys/mman.h>
#include "tests/lib/service.h"

#define BIG	(64u << 20)	/* more than any socket buffer takes */

struct server {
	struct service service;
	SSL_CTX *client;
	int file;
	uint64_t length;	/* of an answer */
	unsigned deadline;	/* msecs, set when the first byte comes */
	int admit;		/* connections to let in */
	int refused, opened, closed;
	uint64_t tag;		/* answers, counted on the connection */
	struct tlsring_end last;
	struct tlsring_info info;
};

static bool accepting(const struct sockaddr *peer, void *user)
{
	struct server *s = user;

	EQ(peer->sa_family, AF_INET);
	EQ(((const struct sockaddr_in *)peer)->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	if (s->admit-- > 0)
		return true;
	__atomic_add_fetch(&s->refused, 1, __ATOMIC_RELEASE);
	return false;
}

static void opened(struct tlsring_conn *conn, void *user)
{
	struct server *s = user;

	s->opened++;
	s->info.size = sizeof(s->info);
	EQ(tlsring_conn_info(conn, &s->info), 0);
	EQ(tlsring_conn_tag(conn), 0);
}

/* A '!' asks for an answer; all other bytes are taken without one. */
static ssize_t received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct tlsring_message message = { .file_fd = -1 };
	struct server *s = user;
	int ret;

	(void)len;
	if (*(const char *)data != '!') {
		if (s->deadline && !tlsring_conn_tag(conn)) {
			tlsring_conn_set_tag(conn, 1);
			tlsring_conn_set_deadline(conn, s->deadline);
		}
		return 1;
	}
	message.file_fd = s->file;
	message.length = s->length;
	ret = tlsring_send(conn, &message);
	if (ret == -EBUSY)
		return -EAGAIN;
	EQ(ret, 0);
	tlsring_conn_set_deadline(conn, 0);
	s->tag = tlsring_conn_tag(conn) + 1;
	tlsring_conn_set_tag(conn, s->tag);
	return 1;
}

static void closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	struct server *s = user;

	(void)conn;
	s->last = *end;
	__atomic_add_fetch(&s->closed, 1, __ATOMIC_RELEASE);
}

static const struct tlsring_handlers handlers = {
	.size = sizeof(handlers), .accepting = accepting, .opened = opened, .received = received,
	.closed = closed,
};

static void server_start(struct server *s, enum tlsring_io io, unsigned idle, unsigned rate)
{
	struct tlsring_engine_options options = { .size = sizeof(options), .io = io,
						  .idle_timeout = idle, .min_rate = rate };

	s->file = memfd_create("zeros", 0);
	CHECK(s->file >= 0 && !ftruncate(s->file, BIG));
	s->length = BIG;
	if (!s->admit)
		s->admit = 100;
	s->client = peer_ctx(false, NULL);
	service_start(&s->service, peer_ctx(true, NULL), NULL, &options, &handlers, s);
}

static void server_stop(struct server *s)
{
	service_stop(&s->service);
	SSL_CTX_free(s->client);
	close(s->file);
}

static void say(SSL *ssl, const char *text)
{
	EQ(SSL_write(ssl, text, (int)strlen(text)), strlen(text));
}

static void expect_zeros(SSL *ssl, uint64_t len)
{
	static uint8_t buf[16384];

	while (len) {
		int got = SSL_read(ssl, buf, len < sizeof(buf) ? (int)len : (int)sizeof(buf));

		CHECK(got > 0);
		len -= (uint64_t)got;
	}
}

static void idle(enum tlsring_io io)
{
	struct server s = { 0 };
	SSL *ssl;

	server_start(&s, io, 300, 0);
	s.length = 1000;
	ssl = peer_connect(s.client, s.service.port);
	say(ssl, "!");
	expect_zeros(ssl, 1000);
	peer_expect_end(ssl);
	SSL_shutdown(ssl);
	peer_free(ssl);
	peer_await(&s.closed, 1);
	server_stop(&s);
	EQ(s.last.result, -ETIMEDOUT);
	EQ(s.last.limit, TLSRING_LIMIT_IDLE);
	CHECK(s.last.opened);
}

TEST(idle_ring) { idle(TLSRING_IO_URING); }
TEST(idle_epoll) { idle(TLSRING_IO_EPOLL); }

/* A peer that keeps sending a little is not idle, but misses its deadline. */
static void late(enum tlsring_io io)
{
	struct server s = { .deadline = 400 };
	SSL *ssl;

	server_start(&s, io, 60000, 0);
	/* A ticket would be taken for the answer below. */
	SSL_CTX_set_num_tickets(s.service.ssl, 0);
	ssl = peer_connect(s.client, s.service.port);
	while (!__atomic_load_n(&s.closed, __ATOMIC_ACQUIRE)) {
		if (SSL_write(ssl, ".", 1) != 1 ||
		    recv(SSL_get_fd(ssl), &(char){ 0 }, 1, MSG_PEEK | MSG_DONTWAIT) >= 0)
			break;
		usleep(20000);
	}
	peer_expect_end(ssl);
	peer_free(ssl);
	peer_await(&s.closed, 1);
	server_stop(&s);
	EQ(s.last.result, -ETIMEDOUT);
	EQ(s.last.limit, TLSRING_LIMIT_DEADLINE);
}

TEST(late_ring) { late(TLSRING_IO_URING); }
TEST(late_epoll) { late(TLSRING_IO_EPOLL); }

TEST(a_deadline_that_was_met_is_forgotten)
{
	struct server s = { .deadline = 300 };
	SSL *ssl;

	server_start(&s, TLSRING_IO_AUTO, 60000, 0);
	s.length = 10;
	ssl = peer_connect(s.client, s.service.port);
	/* One record, so that no time passes between its bytes. */
	say(ssl, "..!");
	expect_zeros(ssl, 10);
	usleep(600000);
	say(ssl, "!");
	expect_zeros(ssl, 10);
	SSL_shutdown(ssl);
	peer_free(ssl);
	peer_await(&s.closed, 1);
	server_stop(&s);
	EQ(s.last.result, 0);
	EQ(s.last.limit, TLSRING_LIMIT_NONE);
	EQ(s.tag, 3);
}

/* Read `step` bytes every 20 ms until the server cuts the connection. */
static void slow(enum tlsring_io io, unsigned rate, int step)
{
	struct server s = { 0 };
	static uint8_t buf[65536];
	SSL *ssl;

	server_start(&s, io, 500, rate);
	ssl = peer_connect(s.client, s.service.port);
	say(ssl, "!");
	while (!__atomic_load_n(&s.closed, __ATOMIC_ACQUIRE)) {
		if (step)
			SSL_read(ssl, buf, step);
		/* Sending is no substitute for reading. */
		SSL_write(ssl, ".", 1);
		usleep(20000);
	}
	peer_free(ssl);
	server_stop(&s);
	EQ(s.last.result, -ETIMEDOUT);
	EQ(s.last.limit, TLSRING_LIMIT_RATE);
	CHECK(s.last.detail[0]);
}

TEST(stands_still_ring) { signal(SIGPIPE, SIG_IGN); slow(TLSRING_IO_URING, 0, 0); }
TEST(stands_still_epoll) { signal(SIGPIPE, SIG_IGN); slow(TLSRING_IO_EPOLL, 0, 0); }
TEST(too_slow_ring) { signal(SIGPIPE, SIG_IGN); slow(TLSRING_IO_URING, 200u << 20, 16384); }
TEST(too_slow_epoll) { signal(SIGPIPE, SIG_IGN); slow(TLSRING_IO_EPOLL, 200u << 20, 16384); }

/* A slow peer above the rate gets everything, long after the idle time. */
TEST(slow_enough)
{
	struct server s = { 0 };
	static uint8_t buf[16384];
	uint64_t got = 0;
	SSL *ssl;

	server_start(&s, TLSRING_IO_AUTO, 1000, 1000);
	s.length = 24u << 20;
	ssl = peer_connect(s.client, s.service.port);
	say(ssl, "!");
	while (got < s.length) {
		int ret = SSL_read(ssl, buf, sizeof(buf));

		CHECK(ret > 0);
		got += (uint64_t)ret;
		usleep(1500);
	}
	SSL_shutdown(ssl);
	peer_free(ssl);
	peer_await(&s.closed, 1);
	server_stop(&s);
	/* The peer may count as idle while it reads the rest from its socket. */
	CHECK(s.last.limit != TLSRING_LIMIT_RATE);
}

TEST(the_handshake_has_its_limit_too)
{
	struct tlsring_engine_options options = { .size = sizeof(options),
						  .handshake_timeout = 200 };
	struct server s = { .admit = 1 };
	char byte;
	int fd;

	service_start(&s.service, peer_ctx(true, NULL), NULL, &options, &handlers, &s);
	fd = peer_tcp(s.service.port);
	while (read(fd, &byte, 1) > 0)
		;
	close(fd);
	peer_await(&s.closed, 1);
	service_stop(&s.service);
	EQ(s.last.limit, TLSRING_LIMIT_HANDSHAKE);
	CHECK(!s.last.opened);
}

static void not_let_in(enum tlsring_io io)
{
	struct server s = { .admit = 2 };
	SSL *first, *second;
	uint8_t byte;
	int fd;

	server_start(&s, io, 60000, 0);
	s.length = 100;
	first = peer_connect(s.client, s.service.port);
	second = peer_connect(s.client, s.service.port);
	fd = peer_tcp(s.service.port);
	EQ(read(fd, &byte, 1), 0);
	close(fd);
	peer_await(&s.refused, 1);
	say(second, "!");
	expect_zeros(second, 100);
	peer_free(first);
	peer_free(second);
	peer_await(&s.closed, 2);
	server_stop(&s);
	EQ(s.refused, 1);
	EQ(s.opened, 2);
	EQ(s.closed, 2);
}

TEST(not_let_in_ring) { not_let_in(TLSRING_IO_URING); }
TEST(not_let_in_epoll) { not_let_in(TLSRING_IO_EPOLL); }

static void resumed(const char *suite)
{
	struct server s = { 0 };
	SSL_SESSION *session;
	SSL *ssl;

	server_start(&s, TLSRING_IO_AUTO, 60000, 0);
	s.length = 1;
	SSL_CTX_free(s.client);
	s.client = peer_ctx(false, suite);
	ssl = peer_connect(s.client, s.service.port);
	say(ssl, "!");
	expect_zeros(ssl, 1);
	CHECK(!s.info.resumed);
	EQ(s.info.tx_updates, 0);
	session = SSL_get1_session(ssl);
	SSL_shutdown(ssl);
	peer_free(ssl);
	ssl = SSL_new(s.client);
	CHECK(SSL_set_session(ssl, session) && SSL_set_fd(ssl, peer_tcp(s.service.port)) &&
	      SSL_connect(ssl) == 1);
	say(ssl, "!");
	expect_zeros(ssl, 1);
	CHECK(SSL_session_reused(ssl));
	CHECK(s.info.resumed);
	SSL_shutdown(ssl);
	peer_free(ssl);
	SSL_SESSION_free(session);
	server_stop(&s);
}

TEST(resumed_is_told_tls13) { resumed("TLS_AES_128_GCM_SHA256"); }
TEST(resumed_is_told_tls12) { resumed("ECDHE-ECDSA-AES128-GCM-SHA256"); }
