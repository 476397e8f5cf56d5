// SPDX-License-Identifier: MIT
/* Wrong arguments are refused, on every path alike; odd but right ones are not. */
#include <fcntl.h>
#include <limits.h>
#include <sys/un.h>
#include "tests/lib/service.h"

#define SUITE	"TLS_AES_128_GCM_SHA256"

struct server {
	struct service service;
	struct tlsring_handlers handlers;
	struct tlsring_end end;
	ssize_t taken;			/* what received() returns */
	int tested, closed;
};

static void closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	struct server *s = user;

	(void)conn;
	s->end = *end;
	__atomic_add_fetch(&s->closed, 1, __ATOMIC_RELEASE);
}

static SSL *server_start(struct server *s, enum tlsring_io io, enum tlsring_offload offload)
{
	struct tlsring_engine_options engine = { .size = sizeof(engine), .io = io };
	struct tlsring_ctx_options ctx = { .size = sizeof(ctx), .offload = offload };
	SSL_CTX *client = peer_ctx(false, SUITE);
	SSL *ssl;

	s->handlers.size = sizeof(s->handlers);
	s->handlers.closed = closed;
	service_start(&s->service, peer_ctx(true, SUITE), &ctx, &engine, &s->handlers, s);
	ssl = peer_connect(client, s->service.port);
	SSL_CTX_free(client);
	return ssl;
}

#define EACH(name)								\
	TEST(name##_ring) { name(TLSRING_IO_URING, TLSRING_OFFLOAD_AUTO); }	\
	TEST(name##_epoll) { name(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_AUTO); }	\
	TEST(name##_user_ring) { name(TLSRING_IO_URING, TLSRING_OFFLOAD_OFF); }	\
	TEST(name##_user_epoll) { name(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_OFF); }

/* ---- what received() returns ---- */

static ssize_t overtakes(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct server *s = user;

	(void)conn, (void)data;
	return s->taken ? s->taken : (ssize_t)len + 1;
}

static void takes_too_much(enum tlsring_io io, enum tlsring_offload offload)
{
	static const ssize_t taken[] = { 0, 100, SSIZE_MAX };

	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
		struct server s = { .handlers.received = overtakes, .taken = taken[i] };
		SSL *ssl = server_start(&s, io, offload);
		char byte;

		EQ(SSL_write(ssl, "?", 1), 1);
		/* The server's FIN; it waits for the peer's. */
		CHECK(SSL_read(ssl, &byte, 1) <= 0);
		peer_free(ssl);
		peer_await(&s.closed, 1);
		service_stop(&s.service);
		EQ(s.end.result, -EINVAL);
		CHECK(s.end.detail[0]);
	}
}

EACH(takes_too_much)

/* ---- messages ---- */

static void test_messages(struct tlsring_conn *conn, int file)
{
	static char text[TLSRING_MANY_MAX];
	const struct tlsring_message wrong[] = {
		{ .head_len = 1, .file_fd = -1 },
		{ .head = text, .head_len = SIZE_MAX, .file_fd = -1 },
		{ .length = 1, .file_fd = -1 },
		{ .length = 1, .file_fd = -2 },
		{ .offset = UINT64_MAX, .length = 1, .file_fd = file },
		{ .offset = UINT64_MAX, .length = UINT64_MAX, .file_fd = file },
		{ .offset = (uint64_t)INT64_MAX + 1, .length = 1, .file_fd = file },
		{ .offset = INT64_MAX, .length = 1, .file_fd = file },
		{ .length = UINT64_MAX, .file_fd = file },
		{ .head = text, .head_len = 1, .length = UINT64_MAX, .file_fd = file },
	};
	const struct tlsring_message tail = { .tail = text, .tail_len = 1, .file_fd = -1 };

	EQ(tlsring_send(conn, NULL), -EINVAL);
	EQ(tlsring_send(conn, &tail), -EINVAL);
	EQ(tlsring_send_many(conn, NULL, 0), -EINVAL);
	EQ(tlsring_send_many(conn, NULL, 1), -EINVAL);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct tlsring_message one = wrong[i];

		EQ(tlsring_send(conn, &one), -EINVAL);
		EQ(tlsring_send_many(conn, &one, 1), -EINVAL);
	}
	EQ(tlsring_conn_set_handlers(conn, NULL), -EINVAL);
	EQ(tlsring_conn_info(conn, NULL), -EINVAL);
}

static ssize_t tests_messages(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct server *s = user;
	struct tlsring_message message = {
		.head = "!", .head_len = 1, .file_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC),
	};

	(void)data;
	test_messages(conn, message.file_fd);
	close(message.file_fd);
	/* Where nothing of a file is to be sent its descriptor and offset mean nothing. */
	message.file_fd = INT_MAX;
	message.offset = UINT64_MAX;
	EQ(tlsring_send(conn, &message), 0);
	s->tested++;
	return (ssize_t)len;
}

static void messages(enum tlsring_io io, enum tlsring_offload offload)
{
	struct server s = { .handlers.received = tests_messages };
	SSL *ssl = server_start(&s, io, offload);
	char byte;

	EQ(SSL_write(ssl, "?", 1), 1);
	EQ(SSL_read(ssl, &byte, 1), 1);
	SSL_shutdown(ssl);
	peer_free(ssl);
	peer_await(&s.closed, 1);
	service_stop(&s.service);
	EQ(s.tested, 1);
	EQ(s.end.result, 0);
}

EACH(messages)

/* ---- connecting ---- */

static ssize_t received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	(void)conn, (void)data, (void)user;
	return (ssize_t)len;
}

struct client {
	struct tlsring_engine *engine;
	int opened;
};

static void client_opened(struct tlsring_conn *conn, void *user)
{
	struct client *client = user;

	client->opened++;
	tlsring_close(conn);
}

static void client_closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	struct client *client = user;

	(void)conn, (void)end;
	tlsring_engine_stop(client->engine, 0);
}

static const struct tlsring_handlers handlers = {
	.size = sizeof(handlers),
	.opened = client_opened,
	.received = received,
	.closed = client_closed,
};

TEST(connecting)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(1) };
	struct sockaddr_un path = { .sun_family = AF_UNIX, .sun_path = "/nowhere" };
	struct tlsring_connect_options options = { .size = sizeof(options) }, wrong;
	SSL_CTX *ssl = peer_ctx(false, SUITE);
	struct tlsring_engine *engine = service_engine(NULL);
	struct tlsring_handlers none = { .size = sizeof(none) };
	struct tlsring_ctx *ctx;
	int before;

	EQ(tlsring_ctx_new(&ctx, ssl, NULL), 0);
	options.addr = (struct sockaddr *)&addr;
	options.addr_len = sizeof(addr);
	before = peer_descriptors();
	EQ(tlsring_engine_connect(engine, ctx, NULL, &handlers, NULL), -EINVAL);
	EQ(tlsring_engine_connect(engine, NULL, &options, &handlers, NULL), -EINVAL);
	EQ(tlsring_engine_connect(engine, ctx, &options, NULL, NULL), -EINVAL);
	EQ(tlsring_engine_connect(engine, ctx, &options, &none, NULL), -EINVAL);
	wrong = options;
	wrong.size = 1;
	EQ(tlsring_engine_connect(engine, ctx, &wrong, &handlers, NULL), -EINVAL);
	wrong = options;
	wrong.addr = NULL;
	EQ(tlsring_engine_connect(engine, ctx, &wrong, &handlers, NULL), -EINVAL);
	for (socklen_t len = 0; len < sizeof(addr); len++) {
		wrong = options;
		wrong.addr_len = len;
		EQ(tlsring_engine_connect(engine, ctx, &wrong, &handlers, NULL), -EINVAL);
	}
	addr.sin_family = AF_INET6;
	EQ(tlsring_engine_connect(engine, ctx, &options, &handlers, NULL), -EINVAL);
	addr.sin_family = AF_INET;
	wrong = options;
	wrong.addr = (struct sockaddr *)&path;
	wrong.addr_len = sizeof(path);
	EQ(tlsring_engine_connect(engine, ctx, &wrong, &handlers, NULL), -EINVAL);
	wrong = options;
	wrong.early_len = 1;
	EQ(tlsring_engine_connect(engine, ctx, &wrong, &handlers, NULL), -EINVAL);
	EQ(peer_descriptors(), before);
	tlsring_engine_free(engine);
	tlsring_ctx_free(ctx);
	SSL_CTX_free(ssl);
}

/* Programs that have their addresses in a sockaddr_storage give its length. */
static void storage(enum tlsring_io io)
{
	struct tlsring_engine_options engine = { .size = sizeof(engine), .io = io };
	struct sockaddr_storage addr = { 0 };
	struct tlsring_connect_options options = {
		.size = sizeof(options), .addr = (struct sockaddr *)&addr, .addr_len = sizeof(addr),
	};
	struct tlsring_handlers quiet = { .size = sizeof(quiet), .received = received };
	struct service server = { 0 };
	SSL_CTX *ssl = peer_ctx(false, SUITE);
	struct client client = { 0 };
	struct tlsring_ctx *ctx;

	service_start(&server, peer_ctx(true, SUITE), NULL, NULL, &quiet, NULL);
	EQ(tlsring_ctx_new(&ctx, ssl, NULL), 0);
	client.engine = service_engine(&engine);
	*(struct sockaddr_in *)&addr = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(server.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	EQ(tlsring_engine_connect(client.engine, ctx, &options, &handlers, &client), 0);
	EQ(tlsring_engine_run(client.engine), 0);
	EQ(client.opened, 1);
	tlsring_engine_free(client.engine);
	tlsring_ctx_free(ctx);
	SSL_CTX_free(ssl);
	service_stop(&server);
}

TEST(sockaddr_storage_ring) { storage(TLSRING_IO_URING); }
TEST(sockaddr_storage_epoll) { storage(TLSRING_IO_EPOLL); }

/* ---- engines, listeners, polls ---- */

static void ready(int fd, int events, void *user)
{
	(void)fd, (void)events, (void)user;
}

TEST(engines)
{
	struct tlsring_engine_options options = { .size = sizeof(options),
						  .io = TLSRING_IO_EPOLL + 1 };
	SSL_CTX *ssl = peer_ctx(true, SUITE);
	struct tlsring_engine *engine;
	struct tlsring_ctx *ctx;
	uint16_t port;
	int fd = peer_listen(&port), other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	EQ(tlsring_engine_new(&engine, &options), -EINVAL);
	options.size = 1;
	options.io = TLSRING_IO_AUTO;
	EQ(tlsring_engine_new(&engine, &options), -EINVAL);
	EQ(tlsring_engine_new(&engine, NULL), 0);
	EQ(tlsring_ctx_new(&ctx, ssl, NULL), 0);
	EQ(tlsring_engine_listen(engine, NULL, fd, &handlers, NULL), -EINVAL);
	EQ(tlsring_engine_listen(engine, ctx, fd, NULL, NULL), -EINVAL);
	EQ(tlsring_engine_listen(engine, ctx, other, &handlers, NULL), -EINVAL);
	EQ(tlsring_engine_listen(engine, ctx, -1, &handlers, NULL), -EBADF);
	EQ(tlsring_engine_poll(engine, fd, POLLIN, NULL, NULL), -EINVAL);
	EQ(tlsring_engine_poll(engine, -1, POLLIN, ready, NULL), -EBADF);
	tlsring_engine_free(engine);
	tlsring_engine_free(NULL);
	tlsring_ctx_free(ctx);
	tlsring_ctx_free(NULL);
	SSL_CTX_free(ssl);
	close(fd);
	close(other);
}
