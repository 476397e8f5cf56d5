// SPDX-License-Identifier: MIT
/* Early data (0-RTT): taken or refused, it arrives once and in order, and the hand-over is
 * right. */
#include "tests/lib/early.h"
#include "tests/lib/service.h"

/* ---- our server on the engine: it sends back what comes, after a look at each byte ---- */

enum server_mood { ANSWERS, WAITS, REFUSES };

struct server {
	struct service service;
	enum server_mood mood;
	enum tlsring_when when;
	uint64_t position;		/* of the stream, in this connection */
	uint64_t early;			/* bytes that were taken while they could be a replay */
	int put_off;			/* offers that were declined because of that */
	struct tlsring_info info;
	struct tlsring_end end;
	int opened, closed;
	uint8_t echo[65536];
};

static void opened(struct tlsring_conn *conn, void *user)
{
	struct server *s = user;
	struct tlsring_info info = { .size = sizeof(info) };

	EQ(tlsring_conn_info(conn, &info), 0);
	CHECK(info.cipher);
	if (tlsring_conn_early(conn))
		EQ(info.tx.reason, TLSRING_REASON_NOT_YET);
	s->opened++;
	s->position = s->early = 0;
}

static ssize_t received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct server *s = user;
	struct tlsring_message message = { .head = s->echo, .file_fd = -1 };
	bool early = tlsring_conn_early(conn);

	if (early && s->mood == WAITS) {
		__atomic_add_fetch(&s->put_off, 1, __ATOMIC_RELEASE);
		return -EAGAIN;
	}
	message.head_len = len < sizeof(s->echo) ? len : sizeof(s->echo);
	if (tlsring_send(conn, &message))
		return -EAGAIN;
	memcpy(s->echo, data, message.head_len);
	for (size_t i = 0; i < message.head_len; i++)
		CHECK(s->echo[i] == peer_byte(s->position + i));
	s->position += message.head_len;
	__atomic_add_fetch(&s->early, early ? message.head_len : 0, __ATOMIC_RELEASE);
	s->info.size = sizeof(s->info);
	EQ(tlsring_conn_info(conn, &s->info), 0);
	return (ssize_t)message.head_len;
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

static void server_start(struct server *s, enum server_mood mood, enum tlsring_io io,
			 enum tlsring_offload offload)
{
	struct tlsring_engine_options engine = { .size = sizeof(engine), .io = io };
	struct tlsring_ctx_options options = { .size = sizeof(options),
					       .early_data = mood != REFUSES,
					       .offload = offload,
					       .when = s->when,
					       .large = 5000 };

	s->mood = mood;
	service_start(&s->service, server_ctx(), &options, &engine, &handlers, s);
}

/* ---- libssl's client ---- */

/* Wait until the server has the early data, of nothing but the client's first flight. */
static void wait_until_taken(void *arg)
{
	struct server *s = arg;

	while (s->mood == ANSWERS ? __atomic_load_n(&s->early, __ATOMIC_ACQUIRE) < EARLY :
				    !__atomic_load_n(&s->put_off, __ATOMIC_ACQUIRE))
		usleep(1000);
}

static void talk(SSL *ssl, uint64_t position)
{
	uint8_t byte;

	peer_expect(ssl, 0, position);
	while (position < MORE) {
		write_at(ssl, position, 11111);
		peer_expect(ssl, position, 11111);
		position += 11111;
	}
	SSL_shutdown(ssl);
	EQ(SSL_read(ssl, &byte, 1), 0);
	peer_free(ssl);
}

/* One connection of the client. session NULL: without early data. Returns SSL_EARLY_DATA_*. */
static int visit(struct server *s, SSL_CTX *client, SSL_SESSION *session, bool takes)
{
	SSL *ssl = SSL_new(client);
	int status = SSL_EARLY_DATA_NOT_SENT, before = s->closed;

	SSL_set_fd(ssl, peer_tcp(s->service.port));
	if (session)
		status = begin_early(ssl, session, takes ? wait_until_taken : NULL, s);
	else
		EQ(SSL_connect(ssl), 1);
	talk(ssl, session ? EARLY : 0);
	peer_await(&s->closed, before + 1);
	EQ(s->end.result, 0);
	return status;
}

static void expect_server(const struct server *s, bool taken, enum tlsring_offload offload)
{
	bool kernel = offload == TLSRING_OFFLOAD_AUTO && peer_kernel_takes(SUITE);

	EQ(s->info.early, taken);
	EQ(s->early, taken && s->mood == ANSWERS ? EARLY : 0);
	EQ(s->info.tx.path == TLSRING_PATH_KERNEL, kernel);
	EQ(s->info.rx.path == TLSRING_PATH_KERNEL, kernel);
}

/* The second use of a ticket is a replay. */
static void server(enum server_mood mood, enum tlsring_io io, enum tlsring_offload offload,
		   enum tlsring_when when)
{
	bool takes = mood != REFUSES;
	struct server s = { .when = when };
	SSL_CTX *client = client_ctx();
	SSL_SESSION *session, *replay;

	server_start(&s, mood, io, offload);
	visit(&s, client, NULL, false);
	session = tickets_take();
	replay = copy(session);
	EQ(visit(&s, client, session, takes),
	   takes ? SSL_EARLY_DATA_ACCEPTED : SSL_EARLY_DATA_REJECTED);
	expect_server(&s, takes, offload);
	CHECK(mood != WAITS || s.put_off);
	EQ(visit(&s, client, replay, false), SSL_EARLY_DATA_REJECTED);
	expect_server(&s, false, offload);
	SSL_SESSION_free(session);
	SSL_SESSION_free(replay);
	tickets_forget();
	SSL_CTX_free(client);
	service_stop(&s.service);
	EQ(s.opened, 3);
}

#define SERVER(name, mood) \
	TEST(server_##name##_ring) \
	{ \
		server(mood, TLSRING_IO_URING, TLSRING_OFFLOAD_AUTO, TLSRING_AT_ONCE); \
	} \
	TEST(server_##name##_epoll) \
	{ \
		server(mood, TLSRING_IO_EPOLL, TLSRING_OFFLOAD_AUTO, TLSRING_AT_ONCE); \
	} \
	TEST(server_##name##_large) \
	{ \
		server(mood, TLSRING_IO_AUTO, TLSRING_OFFLOAD_AUTO, TLSRING_AT_LARGE); \
	} \
	TEST(server_##name##_user) \
	{ \
		server(mood, TLSRING_IO_AUTO, TLSRING_OFFLOAD_OFF, TLSRING_AT_ONCE); \
	}

SERVER(answers_at_once, ANSWERS)
SERVER(waits_for_finished, WAITS)
SERVER(refuses, REFUSES)

/* The server asks for another group, which ends all early data. */
TEST(server_asks_again)
{
	struct server s = { 0 };
	SSL_CTX *client = client_ctx();
	SSL_SESSION *session;

	server_start(&s, ANSWERS, TLSRING_IO_AUTO, TLSRING_OFFLOAD_AUTO);
	SSL_CTX_set1_groups_list(client, "X25519:P-384");
	SSL_CTX_set1_groups_list(s.service.ssl, "P-384");
	visit(&s, client, NULL, false);
	session = tickets_take();
	EQ(visit(&s, client, session, false), SSL_EARLY_DATA_REJECTED);
	expect_server(&s, false, TLSRING_OFFLOAD_AUTO);
	SSL_SESSION_free(session);
	tickets_forget();
	SSL_CTX_free(client);
	service_stop(&s.service);
}

TEST(server_speaks_tls12_too)
{
	struct server s = { 0 };
	SSL_CTX *client = peer_ctx(false, "ECDHE-ECDSA-AES128-GCM-SHA256");

	server_start(&s, ANSWERS, TLSRING_IO_AUTO, TLSRING_OFFLOAD_AUTO);
	SSL_CTX_set_min_proto_version(s.service.ssl, TLS1_2_VERSION);
	visit(&s, client, NULL, false);
	expect_server(&s, false, TLSRING_OFFLOAD_AUTO);
	SSL_CTX_free(client);
	service_stop(&s.service);
}

/* A client that sends early data and nothing more is cut in time. */
TEST(server_is_left_after_early_data)
{
	struct server s = { 0 };
	SSL_CTX *client = client_ctx();
	SSL_SESSION *session;
	uint8_t buf[100];
	size_t put;
	SSL *ssl = SSL_new(client);

	server_start(&s, ANSWERS, TLSRING_IO_AUTO, TLSRING_OFFLOAD_AUTO);
	visit(&s, client, NULL, false);
	session = tickets_take();
	SSL_set_fd(ssl, peer_tcp(s.service.port));
	SSL_set_session(ssl, session);
	peer_fill(buf, sizeof(buf), 0);
	EQ(SSL_write_early_data(ssl, buf, sizeof(buf), &put), 1);
	while (__atomic_load_n(&s.early, __ATOMIC_ACQUIRE) < sizeof(buf))
		usleep(1000);
	shutdown(SSL_get_fd(ssl), SHUT_WR);
	peer_await(&s.closed, 2);
	EQ(s.end.result, -EPIPE);
	EQ(s.early, sizeof(buf));
	peer_free(ssl);
	SSL_SESSION_free(session);
	SSL_CTX_free(client);
	service_stop(&s.service);
}

/* ---- our client on the engine ---- */

struct client {
	struct tlsring_engine *engine;
	uint64_t position;
	struct tlsring_info info;
	struct tlsring_end end;
};

static ssize_t client_received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct client *c = user;

	for (size_t i = 0; i < len; i++)
		CHECK(((const uint8_t *)data)[i] == peer_byte(c->position + i));
	c->position += len;
	c->info.size = sizeof(c->info);
	EQ(tlsring_conn_info(conn, &c->info), 0);
	if (c->position == EARLY)
		tlsring_close(conn);
	return (ssize_t)len;
}

static void client_closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	struct client *c = user;

	(void)conn;
	c->end = *end;
	tlsring_engine_stop(c->engine, 1000);
}

static const struct tlsring_handlers client_handlers = {
	.size = sizeof(client_handlers), .received = client_received, .closed = client_closed,
};

/* Send data, early if the session permits it, and get it back. True: it was early. */
static bool call(struct server *s, struct tlsring_ctx *ctx, SSL_SESSION *session)
{
	static uint8_t early[EARLY];
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(s->service.port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct tlsring_connect_options options = {
		.size = sizeof(options), .addr = (struct sockaddr *)&addr, .addr_len = sizeof(addr),
		.session = session, .early = early, .early_len = EARLY,
	};
	struct client c = { 0 };

	peer_fill(early, EARLY, 0);
	EQ(tlsring_engine_new(&c.engine, NULL), 0);
	EQ(tlsring_engine_connect(c.engine, ctx, &options, &client_handlers, &c), 0);
	EQ(tlsring_engine_run(c.engine), 0);
	tlsring_engine_free(c.engine);
	EQ(c.end.result, 0);
	EQ(c.position, EARLY);
	EQ(c.info.rx.path == TLSRING_PATH_KERNEL, peer_kernel_takes(SUITE));
	return c.info.early;
}

TEST(client)
{
	struct server s = { 0 };
	SSL_CTX *ssl = client_ctx();
	struct tlsring_ctx *ctx;
	SSL_SESSION *session, *replay;

	EQ(tlsring_ctx_new(&ctx, ssl, NULL), 0);
	server_start(&s, ANSWERS, TLSRING_IO_AUTO, TLSRING_OFFLOAD_AUTO);
	EQ(call(&s, ctx, NULL), false);
	session = tickets_take();
	replay = copy(session);
	EQ(call(&s, ctx, session), true);
	EQ(call(&s, ctx, replay), false);
	EQ(s.early, 0);
	SSL_SESSION_free(session);
	SSL_SESSION_free(replay);
	tickets_forget();
	tlsring_ctx_free(ctx);
	SSL_CTX_free(ssl);
	service_stop(&s.service);
}
