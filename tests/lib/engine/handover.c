// SPDX-License-Identifier: MIT
/* When the keys of the engine's connections go to the kernel, by TLSRING_ADAPTIVE. */
#include "tests/lib/service.h"

#define LARGE	(64u * 1024)
#define QUICK	400	/* msecs in which silence cannot have brought the keys to the kernel */
#define ATTEMPTS	20	/* to be that quick */

struct server {
	struct service service;
	struct tlsring_info opened, last;
	int handed, closed;
	uint64_t began, took;		/* msecs */
	uint8_t bytes[LARGE];
};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static struct tlsring_info look(const struct tlsring_conn *conn)
{
	struct tlsring_info info = { .size = sizeof(info) };

	EQ(tlsring_conn_info(conn, &info), 0);
	return info;
}

static void opened(struct tlsring_conn *conn, void *user)
{
	((struct server *)user)->opened = look(conn);
}

static void handed(struct tlsring_conn *conn, void *user)
{
	struct server *s = user;

	s->last = look(conn);
	__atomic_add_fetch(&s->handed, 1, __ATOMIC_RELEASE);
}

/* A request consists of the length of its answer. */
static ssize_t received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct server *s = user;
	struct tlsring_message message = { .head = s->bytes, .file_fd = -1 };
	uint32_t wanted;

	if (len < sizeof(wanted))
		return 0;
	memcpy(&wanted, data, sizeof(wanted));
	message.head_len = wanted;
	EQ(tlsring_send(conn, &message), 0);
	return sizeof(wanted);
}

static void closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	struct server *s = user;

	EQ(end->result, 0);
	s->last = look(conn);
	__atomic_add_fetch(&s->closed, 1, __ATOMIC_RELEASE);
}

static const struct tlsring_handlers handlers = {
	.size = sizeof(handlers),
	.opened = opened,
	.handed = handed,
	.received = received,
	.closed = closed,
};

static void exchange(SSL *ssl, uint32_t wanted)
{
	EQ(SSL_write(ssl, &wanted, sizeof(wanted)), sizeof(wanted));
	peer_expect(ssl, 0, wanted);
}

/* Serve answers of these lengths, up to a 0, on one connection; then, with silence, wait for the
 * hand-over. */
static struct server *serve(enum tlsring_io io, enum tlsring_offload offload,
			    const uint32_t *answers, bool silence)
{
	static struct server s;
	struct tlsring_engine_options engine = { .size = sizeof(engine), .io = io };
	struct tlsring_ctx_options ctx = { .size = sizeof(ctx),
					   .when = TLSRING_ADAPTIVE,
					   .offload = offload };
	SSL_CTX *client = peer_ctx(false, "TLS_AES_128_GCM_SHA256");
	SSL *ssl;

	if (!ktls_probe()->ulp)
		SKIP("%s", tlsring_reason_text(ktls_probe()->why_not));
	s = (struct server){ .began = now() };
	peer_fill(s.bytes, sizeof(s.bytes), 0);
	service_start(&s.service, peer_ctx(true, NULL), &ctx, &engine, &handlers, &s);
	ssl = peer_connect(client, s.service.port);
	while (*answers)
		exchange(ssl, *answers++);
	if (silence)
		peer_await(&s.handed, 1);
	exchange(ssl, 1);
	EQ(SSL_shutdown(ssl), 0);
	peer_expect_end(ssl);
	peer_await(&s.closed, 1);
	s.took = now() - s.began;
	peer_free(ssl);
	SSL_CTX_free(client);
	service_stop(&s.service);
	return &s;
}

static void check(const struct server *s, int handed, enum tlsring_path path)
{
	EQ(s->handed, handed);
	EQ(s->last.tx.path, path);
	EQ(s->last.rx.path, path);
}

static void once(enum tlsring_io io)
{
	const struct server *s;
	int attempts = 0;

	do
		s = serve(io, TLSRING_OFFLOAD_AUTO, (uint32_t[]){ 0 }, false);
	while (s->took > QUICK && ++attempts < ATTEMPTS);
	check(s, 0, TLSRING_PATH_USER);
	EQ(s->last.tx.reason, TLSRING_REASON_NOT_YET);
}

static void twice(enum tlsring_io io)
{
	check(serve(io, TLSRING_OFFLOAD_AUTO, (uint32_t[]){ 1000, 0 }, false), 1,
	      TLSRING_PATH_KERNEL);
}

static void large(enum tlsring_io io)
{
	const struct server *s = serve(io, TLSRING_OFFLOAD_AUTO, (uint32_t[]){ LARGE, 0 }, false);

	EQ(s->opened.tx.reason, TLSRING_REASON_NOT_YET);
	check(s, 1, TLSRING_PATH_KERNEL);
}

static void silent(enum tlsring_io io)
{
	check(serve(io, TLSRING_OFFLOAD_AUTO, (uint32_t[]){ 0 }, true), 1, TLSRING_PATH_KERNEL);
}

static void required(enum tlsring_io io)
{
	const struct server *s = serve(io, TLSRING_OFFLOAD_REQUIRE, (uint32_t[]){ 0 }, false);

	EQ(s->opened.tx.path, TLSRING_PATH_KERNEL);
	check(s, 0, TLSRING_PATH_KERNEL);
}

#define BOTH(name)					\
	TEST(name##_ring) { name(TLSRING_IO_URING); }	\
	TEST(name##_epoll) { name(TLSRING_IO_EPOLL); }

BOTH(once)
BOTH(twice)
BOTH(large)
BOTH(silent)
BOTH(required)
