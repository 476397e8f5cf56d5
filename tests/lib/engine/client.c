// SPDX-License-Identifier: MIT
/* The engine as a client of the engine: both ends ours, in one loop. */
#include <poll.h>
#include <sys/eventfd.h>
#include "tests/lib/service.h"

#define WANT	(1u << 20)

struct world {
	struct tlsring_engine *engine;
	int slow;			/* eventfd of a program that pauses; 0: none */
	uint64_t allowed;		/* bytes that it takes before its next rest */
	int rests;
	struct tlsring_ctx *server, *client;
	struct sockaddr_in addr;
	uint8_t *stream;
	uint64_t got;
	bool differs;
	int opened, closed;
	struct tlsring_end end;
	struct tlsring_info info;
};

static ssize_t serve(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct world *w = user;
	struct tlsring_message message = { .head = w->stream, .head_len = WANT, .file_fd = -1 };

	(void)data;
	CHECK(!tlsring_send(conn, &message));
	return (ssize_t)len;
}

static void served(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	(void)conn, (void)end, (void)user;
}

static const struct tlsring_handlers server = { .size = sizeof(server),
						.received = serve,
						.closed = served };

static void opened(struct tlsring_conn *conn, void *user)
{
	struct tlsring_message message = { .head = "?", .head_len = 1, .file_fd = -1 };
	struct world *w = user;

	w->opened++;
	w->info.size = sizeof(w->info);
	CHECK(!tlsring_conn_info(conn, &w->info));
	CHECK(!tlsring_send(conn, &message));
}

static void rested(int fd, int events, void *user)
{
	struct tlsring_conn *conn = user;
	struct world *w = tlsring_conn_user(conn);
	uint64_t count;

	EQ(fd, w->slow);
	CHECK(events & POLLIN);
	EQ(read(fd, &count, sizeof(count)), sizeof(count));
	w->allowed += 100000;
	w->rests++;
	tlsring_conn_resume(conn);
}

static ssize_t rest(struct tlsring_conn *conn, struct world *w)
{
	uint64_t one = 1;

	EQ(tlsring_engine_poll(w->engine, w->slow, POLLIN, rested, conn), 0);
	EQ(write(w->slow, &one, sizeof(one)), sizeof(one));
	return -EAGAIN;
}

static ssize_t received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct world *w = user;

	if (w->slow) {
		if (w->allowed == w->got)
			return rest(conn, w);
		if (len > w->allowed - w->got)
			len = w->allowed - w->got;
	}
	w->differs |= w->got + len > WANT || memcmp(data, w->stream + w->got, len);
	w->got += len;
	if (w->got == WANT)
		tlsring_close(conn);
	return (ssize_t)len;
}

static void closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	struct world *w = user;

	(void)conn;
	w->end = *end;
	w->closed++;
	tlsring_engine_stop(w->engine, 1000);
}

static const struct tlsring_handlers client = {
	.size = sizeof(client), .opened = opened, .received = received, .closed = closed,
};

static void talk(enum tlsring_io io, const struct tlsring_ctx_options *ours, bool listen,
		 const char *name, struct world *w)
{
	struct tlsring_engine_options options = { .size = sizeof(options), .io = io };
	struct tlsring_connect_options connect = { .size = sizeof(connect), .server_name = name };
	SSL_CTX *server_ctx = peer_ctx(true, NULL), *client_ctx = peer_ctx(false, NULL);
	uint16_t port;
	int fd = peer_listen(&port);

	w->stream = malloc(WANT);
	peer_fill(w->stream, WANT, 0);
	if (name) {
		SSL_CTX_set_verify(client_ctx, SSL_VERIFY_PEER, NULL);
		X509_STORE_add_cert(SSL_CTX_get_cert_store(client_ctx),
				    SSL_CTX_get0_certificate(server_ctx));
	}
	EQ(tlsring_ctx_new(&w->server, server_ctx, ours), 0);
	EQ(tlsring_ctx_new(&w->client, client_ctx, ours), 0);
	w->engine = service_engine(&options);
	w->addr = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	connect.addr = (struct sockaddr *)&w->addr;
	connect.addr_len = sizeof(w->addr);
	if (listen)
		EQ(tlsring_engine_listen(w->engine, w->server, fd, &server, w), 0);
	else
		close(fd);
	EQ(tlsring_engine_connect(w->engine, w->client, &connect, &client, w), 0);
	EQ(tlsring_engine_run(w->engine), 0);
	tlsring_engine_free(w->engine);
	tlsring_ctx_free(w->server);
	tlsring_ctx_free(w->client);
	SSL_CTX_free(server_ctx);
	SSL_CTX_free(client_ctx);
	free(w->stream);
	EQ(w->closed, 1);
}

static void fetch(enum tlsring_io io, enum tlsring_offload offload, enum tlsring_when when)
{
	struct tlsring_ctx_options options = { .size = sizeof(options),
					       .offload = offload,
					       .when = when };
	struct world w = { 0 };

	talk(io, &options, true, NULL, &w);
	EQ(w.end.result, 0);
	EQ(w.got, WANT);
	CHECK(!w.differs);
	if (when == TLSRING_AT_ONCE)
		EQ(w.info.rx.path == TLSRING_PATH_KERNEL,
		   offload == TLSRING_OFFLOAD_AUTO && ktls_probe()->ulp);
}

TEST(fetch_ring) { fetch(TLSRING_IO_URING, TLSRING_OFFLOAD_AUTO, TLSRING_AT_ONCE); }
TEST(fetch_epoll) { fetch(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_AUTO, TLSRING_AT_ONCE); }
TEST(fetch_user_ring) { fetch(TLSRING_IO_URING, TLSRING_OFFLOAD_OFF, TLSRING_AT_ONCE); }
TEST(fetch_user_epoll) { fetch(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_OFF, TLSRING_AT_ONCE); }
TEST(fetch_handed_over_when_large)
{
	fetch(TLSRING_IO_AUTO, TLSRING_OFFLOAD_AUTO, TLSRING_AT_LARGE);
}
TEST(fetch_handed_over_when_idle) { fetch(TLSRING_IO_AUTO, TLSRING_OFFLOAD_AUTO, TLSRING_ON_IDLE); }

static void slowly(enum tlsring_io io, enum tlsring_offload offload)
{
	struct tlsring_ctx_options options = { .size = sizeof(options), .offload = offload };
	struct world w = { .slow = eventfd(0, EFD_CLOEXEC) };

	talk(io, &options, true, NULL, &w);
	EQ(w.end.result, 0);
	EQ(w.got, WANT);
	CHECK(!w.differs);
	EQ(w.rests, WANT / 100000 + 1);
	close(w.slow);
}

TEST(slow_program_ring) { slowly(TLSRING_IO_URING, TLSRING_OFFLOAD_AUTO); }
TEST(slow_program_epoll) { slowly(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_AUTO); }
TEST(slow_program_user_ring) { slowly(TLSRING_IO_URING, TLSRING_OFFLOAD_OFF); }
TEST(slow_program_user_epoll) { slowly(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_OFF); }

static void never(int fd, int events, void *user)
{
	(void)fd, (void)events, (void)user;
	FAIL("nothing was ready");
}

/* An engine that is freed before the descriptor is ready does not call ready(), and leaks
 * nothing. */
TEST(engine_ends_before_a_descriptor_is_ready)
{
	struct tlsring_engine *engine;
	int fd = eventfd(0, EFD_CLOEXEC);

	EQ(tlsring_engine_new(&engine, NULL), 0);
	EQ(tlsring_engine_poll(engine, fd, POLLIN, NULL, NULL), -EINVAL);
	EQ(tlsring_engine_poll(engine, fd, POLLIN, never, NULL), 0);
	tlsring_engine_stop(engine, 0);
	EQ(tlsring_engine_run(engine), 0);
	EQ(tlsring_engine_poll(engine, fd, POLLIN, never, NULL), 0);
	tlsring_engine_free(engine);
	close(fd);
}

TEST(nobody_listens)
{
	struct world w = { 0 };

	talk(TLSRING_IO_AUTO, NULL, false, NULL, &w);
	EQ(w.end.result, -ECONNREFUSED);
	EQ(w.opened, 0);
}

TEST(name_is_checked)
{
	struct world w = { 0 };

	talk(TLSRING_IO_AUTO, NULL, true, "localhost", &w);
	EQ(w.end.result, 0);
	EQ(w.got, WANT);
}

TEST(wrong_name_is_refused)
{
	struct world w = { 0 };

	talk(TLSRING_IO_AUTO, NULL, true, "elsewhere.example", &w);
	EQ(w.end.result, TLSRING_EALERT_SENT(42));	/* bad_certificate */
	EQ(w.end.verify, X509_V_ERR_HOSTNAME_MISMATCH);
	EQ_STR(w.end.detail, "hostname mismatch");
	EQ(w.opened, 0);
	EQ(w.got, 0);
}
