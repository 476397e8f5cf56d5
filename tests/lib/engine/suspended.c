// SPDX-License-Identifier: MIT
/* Callbacks of OpenSSL's that suspend a handshake on the engine, until tlsring_conn_resume(). */
#include <sys/eventfd.h>
#include "tests/lib/early.h"
#include "tests/lib/service.h"

#define RESUMES	3			/* times that the callback says: not yet */

enum suspends { CLIENT_HELLO, CERTIFICATE };

struct server {
	struct service service;
	struct tlsring_end end;
	struct tlsring_conn *conn;	/* whose handshake is suspended */
	uint64_t got;
	int resume;			/* eventfd */
	int asked, opened, closed;
};

/* The callbacks of OpenSSL's have no other way to it. */
static struct server server;

static void resuming(int fd, int events, void *user)
{
	uint64_t count;

	(void)user;
	CHECK(events & POLLIN);
	EQ(read(fd, &count, sizeof(count)), sizeof(count));
	tlsring_conn_resume(server.conn);
}

/* True: not yet; the engine's own loop resumes it. */
static bool suspend(SSL *ssl)
{
	uint64_t one = 1;

	if (server.asked++ == RESUMES)
		return false;
	CHECK(server.asked <= RESUMES);
	server.conn = tlsring_conn_of(ssl);
	CHECK(server.conn);
	CHECK(tlsring_conn_user(server.conn) == &server);
	EQ(tlsring_engine_poll(server.service.engine, server.resume, POLLIN, resuming, NULL), 0);
	EQ(write(server.resume, &one, sizeof(one)), sizeof(one));
	return true;
}

static int client_hello(SSL *ssl, int *alert, void *arg)
{
	(void)alert, (void)arg;
	return suspend(ssl) ? SSL_CLIENT_HELLO_RETRY : SSL_CLIENT_HELLO_SUCCESS;
}

static int certificate(SSL *ssl, void *arg)
{
	(void)arg;
	return suspend(ssl) ? -1 : 1;
}

static void opened(struct tlsring_conn *conn, void *user)
{
	struct server *s = user;

	CHECK(conn == s->conn || !s->conn);
	s->opened++;
}

static ssize_t received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct tlsring_message message = { .head = "!", .head_len = 1, .file_fd = -1 };
	const uint8_t *bytes = data;
	struct server *s = user;

	for (size_t i = 0; i < len; i++)
		CHECK(bytes[i] == peer_byte(s->got + i));
	s->got += len;
	if (s->got == EARLY)
		EQ(tlsring_send(conn, &message), 0);
	return (ssize_t)len;
}

static void closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	struct server *s = user;

	(void)conn;
	s->end = *end;
	__atomic_add_fetch(&s->closed, 1, __ATOMIC_RELEASE);
}

static const struct tlsring_handlers handlers = {
	.size = sizeof(handlers), .opened = opened, .received = received, .closed = closed,
};

static void server_start(enum suspends how, enum tlsring_io io, enum tlsring_offload offload,
			 bool early)
{
	struct tlsring_engine_options engine = { .size = sizeof(engine), .io = io };
	struct tlsring_ctx_options ctx = {
		.size = sizeof(ctx), .offload = offload, .early_data = early,
	};
	SSL_CTX *ssl = early ? server_ctx() : peer_ctx(true, SUITE);

	server.resume = eventfd(0, EFD_CLOEXEC);
	if (how == CLIENT_HELLO)
		SSL_CTX_set_client_hello_cb(ssl, client_hello, NULL);
	else
		SSL_CTX_set_cert_cb(ssl, certificate, NULL);
	service_start(&server.service, ssl, &ctx, &engine, &handlers, &server);
}

static void server_stop(void)
{
	service_stop(&server.service);
	close(server.resume);
}

static void answered(SSL *ssl)
{
	char byte;

	EQ(SSL_read(ssl, &byte, 1), 1);
	EQ(byte, '!');
}

/* Without a reset, as unread tickets would cause. */
static void leave(SSL *ssl)
{
	EQ(SSL_shutdown(ssl), 0);
	peer_expect_end(ssl);
	peer_free(ssl);
}

static void suspended(enum suspends how, enum tlsring_io io, enum tlsring_offload offload)
{
	SSL_CTX *client = peer_ctx(false, SUITE);
	SSL *ssl;

	server_start(how, io, offload, false);
	ssl = peer_connect(client, server.service.port);
	write_at(ssl, 0, EARLY);
	answered(ssl);
	leave(ssl);
	SSL_CTX_free(client);
	peer_await(&server.closed, 1);
	server_stop();
	EQ(server.asked, RESUMES + 1);
	EQ(server.opened, 1);
	EQ(server.end.result, 0);
}

#define EACH(name, how)										\
	TEST(name##_ring) { suspended(how, TLSRING_IO_URING, TLSRING_OFFLOAD_AUTO); }		\
	TEST(name##_epoll) { suspended(how, TLSRING_IO_EPOLL, TLSRING_OFFLOAD_AUTO); }		\
	TEST(name##_user_ring) { suspended(how, TLSRING_IO_URING, TLSRING_OFFLOAD_OFF); }	\
	TEST(name##_user_epoll) { suspended(how, TLSRING_IO_EPOLL, TLSRING_OFFLOAD_OFF); }

EACH(client_hello, CLIENT_HELLO)
EACH(certificate, CERTIFICATE)

/* Early data comes behind the ClientHello that suspends: it waits too, and all of it arrives. */
static void suspended_early(enum tlsring_io io)
{
	SSL_CTX *client = client_ctx();
	SSL_SESSION *session;
	SSL *ssl;

	server_start(CLIENT_HELLO, io, TLSRING_OFFLOAD_AUTO, true);
	ssl = peer_connect(client, server.service.port);
	write_at(ssl, 0, EARLY);
	answered(ssl);
	session = tickets_take();
	CHECK(session);
	leave(ssl);
	peer_await(&server.closed, 1);
	server.asked = 0;
	server.got = 0;
	server.conn = NULL;
	ssl = SSL_new(client);
	CHECK(ssl && SSL_set_fd(ssl, peer_tcp(server.service.port)));
	EQ(begin_early(ssl, session, NULL, NULL), SSL_EARLY_DATA_ACCEPTED);
	answered(ssl);
	leave(ssl);
	peer_await(&server.closed, 2);
	SSL_SESSION_free(session);
	SSL_CTX_free(client);
	server_stop();
	EQ(server.asked, RESUMES + 1);
	EQ(server.opened, 2);
	EQ(server.end.result, 0);
}

TEST(early_data_ring) { suspended_early(TLSRING_IO_URING); }
TEST(early_data_epoll) { suspended_early(TLSRING_IO_EPOLL); }

/* A handshake that nobody resumes ends in time. */
static int never(SSL *ssl, int *alert, void *arg)
{
	(void)ssl, (void)alert, (void)arg;
	return SSL_CLIENT_HELLO_RETRY;
}

TEST(never_resumed)
{
	struct tlsring_engine_options engine = { .size = sizeof(engine), .handshake_timeout = 500 };
	SSL_CTX *client = peer_ctx(false, SUITE), *ssl_ctx = peer_ctx(true, SUITE);
	SSL *ssl = SSL_new(client);

	SSL_CTX_set_client_hello_cb(ssl_ctx, never, NULL);
	service_start(&server.service, ssl_ctx, NULL, &engine, &handlers, &server);
	SSL_set_fd(ssl, peer_tcp(server.service.port));
	CHECK(SSL_connect(ssl) <= 0);
	peer_await(&server.closed, 1);
	peer_free(ssl);
	SSL_CTX_free(client);
	service_stop(&server.service);
	EQ(server.end.result, -ETIMEDOUT);
	EQ(server.end.limit, TLSRING_LIMIT_HANDSHAKE);
}

/* ---- a client that looks at the server's certificate later ---- */

struct client {
	struct tlsring_engine *engine;
	struct tlsring_conn *conn;
	int asked, opened, resume;
	int result;
};

static struct client client;

static void client_resuming(int fd, int events, void *user)
{
	uint64_t count;

	(void)events, (void)user;
	EQ(read(fd, &count, sizeof(count)), sizeof(count));
	tlsring_conn_resume(client.conn);
}

static int verify(X509_STORE_CTX *store, void *arg)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	uint64_t one = 1;

	(void)arg;
	if (client.asked++ == RESUMES)
		return 1;
	client.conn = tlsring_conn_of(ssl);
	EQ(tlsring_engine_poll(client.engine, client.resume, POLLIN, client_resuming, NULL), 0);
	EQ(write(client.resume, &one, sizeof(one)), sizeof(one));
	return SSL_set_retry_verify(ssl);
}

static void client_opened(struct tlsring_conn *conn, void *user)
{
	(void)user;
	CHECK(conn == client.conn);
	client.opened++;
	tlsring_close(conn);
}

static ssize_t client_received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	(void)conn, (void)data, (void)user;
	return (ssize_t)len;
}

static void client_closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	(void)conn, (void)user;
	client.result = end->result;
	tlsring_engine_stop(client.engine, 0);
}

static const struct tlsring_handlers client_handlers = {
	.size = sizeof(client_handlers), .opened = client_opened, .received = client_received,
	.closed = client_closed,
};

static void suspended_client(enum tlsring_io io)
{
	struct tlsring_engine_options engine = { .size = sizeof(engine), .io = io };
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct tlsring_connect_options options = {
		.size = sizeof(options), .addr = (struct sockaddr *)&addr, .addr_len = sizeof(addr),
	};
	struct tlsring_handlers quiet = { .size = sizeof(quiet), .received = client_received };
	SSL_CTX *ssl = peer_ctx(false, SUITE);
	struct tlsring_ctx *ctx;

	service_start(&server.service, peer_ctx(true, SUITE), NULL, NULL, &quiet, NULL);
	client.resume = eventfd(0, EFD_CLOEXEC);
	client.engine = service_engine(&engine);
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ssl, verify, NULL);
	EQ(tlsring_ctx_new(&ctx, ssl, NULL), 0);
	addr.sin_port = htons(server.service.port);
	EQ(tlsring_engine_connect(client.engine, ctx, &options, &client_handlers, NULL), 0);
	EQ(tlsring_engine_run(client.engine), 0);
	tlsring_engine_free(client.engine);
	tlsring_ctx_free(ctx);
	SSL_CTX_free(ssl);
	close(client.resume);
	service_stop(&server.service);
	EQ(client.asked, RESUMES + 1);
	EQ(client.opened, 1);
	EQ(client.result, 0);
}

TEST(verify_ring) { suspended_client(TLSRING_IO_URING); }
TEST(verify_epoll) { suspended_client(TLSRING_IO_EPOLL); }

TEST(conn_of_others)
{
	SSL_CTX *ctx = peer_ctx(true, SUITE);
	SSL *ssl = SSL_new(ctx);

	CHECK(!tlsring_conn_of(ssl));
	EQ(tlsring_watch(ssl), 0);
	CHECK(!tlsring_conn_of(ssl));
	CHECK(!tlsring_conn_of(NULL));
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}
