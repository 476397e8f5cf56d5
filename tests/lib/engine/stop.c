// SPDX-License-Identifier: MIT
/* An engine that stops: what programs do inside their handlers must not keep it. */
#include "tests/lib/service.h"

#define SUITE	"TLS_AES_128_GCM_SHA256"

/* ---- a client that connects again whenever its connection has closed ---- */

struct dialer {
	struct tlsring_engine *engine;
	struct tlsring_ctx *ctx;
	SSL_CTX *ssl;
	struct sockaddr_in addr;
	bool drain;
	int opened, closed;
	int result;			/* of the last attempt to connect */
};

static const struct tlsring_handlers dialer_handlers;

static int dial(struct dialer *d)
{
	struct tlsring_connect_options options = {
		.size = sizeof(options),
		.addr = (struct sockaddr *)&d->addr,
		.addr_len = sizeof(d->addr),
	};

	return tlsring_engine_connect(d->engine, d->ctx, &options, &dialer_handlers, d);
}

static void dialer_opened(struct tlsring_conn *conn, void *user)
{
	struct dialer *d = user;

	(void)conn;
	/* Each further call would set a new grace. */
	if (d->opened++)
		return;
	if (d->drain)
		tlsring_engine_drain(d->engine, 500);
	else
		tlsring_engine_stop(d->engine, 500);
}

static ssize_t dialer_received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	(void)conn, (void)data, (void)user;
	return (ssize_t)len;
}

static void dialer_closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	struct dialer *d = user;

	(void)conn, (void)end;
	/* A loop that never ends would hide behind the test's own deadline. */
	CHECK(d->closed++ < 10000);
	d->result = dial(d);
}

static const struct tlsring_handlers dialer_handlers = {
	.size = sizeof(dialer_handlers), .opened = dialer_opened, .received = dialer_received,
	.closed = dialer_closed,
};

static const struct tlsring_handlers quiet_handlers = {
	.size = sizeof(quiet_handlers), .received = dialer_received,
};

static void dialer_start(struct dialer *d, enum tlsring_io io, enum tlsring_offload offload,
			 uint16_t port)
{
	struct tlsring_engine_options engine = { .size = sizeof(engine), .io = io };
	struct tlsring_ctx_options ctx = { .size = sizeof(ctx), .offload = offload };

	d->engine = service_engine(&engine);
	d->ssl = peer_ctx(false, SUITE);
	EQ(tlsring_ctx_new(&d->ctx, d->ssl, &ctx), 0);
	d->addr = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	EQ(dial(d), 0);
}

static void dialer_free(struct dialer *d)
{
	tlsring_engine_free(d->engine);
	tlsring_ctx_free(d->ctx);
	SSL_CTX_free(d->ssl);
}

static void reconnects(enum tlsring_io io, enum tlsring_offload offload, bool drain)
{
	struct dialer d = { .drain = drain };
	struct service server = { 0 };

	service_start(&server, peer_ctx(true, SUITE), NULL, NULL, &quiet_handlers, NULL);
	dialer_start(&d, io, offload, server.port);
	EQ(tlsring_engine_run(d.engine), 0);
	CHECK(d.opened >= 1);
	EQ(d.result, -ECANCELED);
	EQ(dial(&d), -ECANCELED);
	dialer_free(&d);
	service_stop(&server);
}

TEST_DEADLINE(reconnects_ring, 20) { reconnects(TLSRING_IO_URING, TLSRING_OFFLOAD_AUTO, false); }
TEST_DEADLINE(reconnects_epoll, 20) { reconnects(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_AUTO, false); }
TEST_DEADLINE(reconnects_user_ring, 20)
{
	reconnects(TLSRING_IO_URING, TLSRING_OFFLOAD_OFF, false);
}
TEST_DEADLINE(reconnects_user_epoll, 20)
{
	reconnects(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_OFF, false);
}
/* A drain serves on, which may need connections: they are made until the grace has passed. */
TEST_DEADLINE(reconnects_while_draining_ring, 20)
{
	reconnects(TLSRING_IO_URING, TLSRING_OFFLOAD_AUTO, true);
}
TEST_DEADLINE(reconnects_while_draining_epoll, 20)
{
	reconnects(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_OFF, true);
}

/* Where nobody listens closed() comes at once, again and again. */
TEST_DEADLINE(redials_nobody, 20)
{
	struct dialer d = { 0 };
	uint16_t port;
	int fd = peer_listen(&port);

	close(fd);
	dialer_start(&d, TLSRING_IO_AUTO, TLSRING_OFFLOAD_AUTO, port);
	tlsring_engine_stop(d.engine, 0);
	EQ(tlsring_engine_run(d.engine), 0);
	EQ(d.result, -ECANCELED);
	dialer_free(&d);
}

/* closed() is also called by tlsring_engine_free(). */
TEST_DEADLINE(reconnects_in_free, 20)
{
	struct dialer d = { 0 };
	uint16_t port;
	int fd = peer_listen(&port);

	dialer_start(&d, TLSRING_IO_AUTO, TLSRING_OFFLOAD_AUTO, port);
	dialer_free(&d);
	EQ(d.closed, 1);
	EQ(d.result, -ECANCELED);
	close(fd);
}

/* ---- a handler that ends other connections ---- */

#define CROWD	5

struct crowd {
	struct service service;
	struct tlsring_conn *conns[CROWD];
	int opened, finished, asked, closed;
};

static void crowd_opened(struct tlsring_conn *conn, void *user)
{
	struct crowd *crowd = user;

	crowd->conns[crowd->opened] = conn;
	__atomic_add_fetch(&crowd->opened, 1, __ATOMIC_RELEASE);
}

static void crowd_finished(struct tlsring_conn *conn, void *user)
{
	struct crowd *crowd = user;

	(void)conn;
	__atomic_add_fetch(&crowd->finished, 1, __ATOMIC_RELEASE);
}

/* The first that is asked aborts the connection that the engine would ask next. */
static void crowd_stopping(struct tlsring_conn *conn, void *user)
{
	struct crowd *crowd = user;

	if (!crowd->asked++) {
		CHECK(conn == crowd->conns[CROWD - 1]);
		tlsring_abort(crowd->conns[CROWD - 2], -ECANCELED);
	}
	tlsring_close(conn);
}

static void crowd_closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	struct crowd *crowd = user;

	(void)conn, (void)end;
	crowd->closed++;
}

static const struct tlsring_handlers crowd_handlers = {
	.size = sizeof(crowd_handlers), .opened = crowd_opened, .received = dialer_received,
	.finished = crowd_finished, .stopping = crowd_stopping, .closed = crowd_closed,
};

static void abort_another(enum tlsring_io io, enum tlsring_offload offload)
{
	struct tlsring_engine_options engine = { .size = sizeof(engine), .io = io };
	struct tlsring_ctx_options ctx = { .size = sizeof(ctx), .offload = offload };
	SSL_CTX *client = peer_ctx(false, SUITE);
	struct crowd crowd = { 0 };
	SSL *ssl[CROWD];

	service_start(&crowd.service, peer_ctx(true, SUITE), &ctx, &engine, &crowd_handlers,
		      &crowd);
	for (int i = 0; i < CROWD; i++) {
		ssl[i] = peer_connect(client, crowd.service.port);
		peer_await(&crowd.opened, i + 1);
	}
	/* With the peer's FIN no operation is in flight any more: the abort ends them at once. */
	for (int i = 0; i < CROWD; i++) {
		SSL_shutdown(ssl[i]);
		shutdown(SSL_get_fd(ssl[i]), SHUT_WR);
	}
	peer_await(&crowd.finished, CROWD);
	usleep(100000);
	service_stop(&crowd.service);
	EQ(crowd.closed, CROWD);
	EQ(crowd.asked, CROWD - 1);
	for (int i = 0; i < CROWD; i++)
		peer_free(ssl[i]);
	SSL_CTX_free(client);
}

TEST_DEADLINE(abort_another_ring, 20) { abort_another(TLSRING_IO_URING, TLSRING_OFFLOAD_AUTO); }
TEST_DEADLINE(abort_another_epoll, 20) { abort_another(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_AUTO); }
TEST_DEADLINE(abort_another_user_ring, 20) { abort_another(TLSRING_IO_URING, TLSRING_OFFLOAD_OFF); }
TEST_DEADLINE(abort_another_user_epoll, 20)
{
	abort_another(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_OFF);
}
