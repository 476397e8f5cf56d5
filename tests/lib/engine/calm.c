// SPDX-License-Identifier: MIT
/* Waits that cost no processor: for a socket, or a descriptor, that stays as it is. */
#include <time.h>
#include "tests/lib/service.h"

#define SUITE	"TLS_AES_128_GCM_SHA256"
#define MUCH	(64u << 20)

/* Milliseconds of processor time that this process has taken. */
static long used(void)
{
	struct timespec now;

	CHECK(!clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now));
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static long used_in_a_second(void)
{
	long before = used();

	sleep(1);
	return used() - before;
}

#define CALM() CHECK(used_in_a_second() < 100)

struct server {
	struct service service;
	uint8_t *bytes;
};

/* Whatever is asked for, the answer is longer than all buffers on its way. */
static ssize_t received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct server *s = user;
	struct tlsring_message message = { .head = s->bytes, .head_len = MUCH, .file_fd = -1 };

	(void)data;
	return tlsring_send(conn, &message) ? -EINVAL : (ssize_t)len;
}

static const struct tlsring_handlers handlers = {
	.size = sizeof(handlers), .received = received,
};

static void server_start(struct server *s, enum tlsring_io io, enum tlsring_offload offload)
{
	struct tlsring_engine_options engine = { .size = sizeof(engine), .io = io };
	struct tlsring_ctx_options ctx = { .size = sizeof(ctx), .offload = offload };

	service_start(&s->service, peer_ctx(true, SUITE), &ctx, &engine, &handlers, s);
}

/* ---- a peer that sends FIN and reads nothing ---- */

static void half_closed(enum tlsring_io io, enum tlsring_offload offload)
{
	SSL_CTX *client = peer_ctx(false, SUITE);
	struct server s = { .bytes = malloc(MUCH) };
	SSL *ssl;

	peer_fill(s.bytes, MUCH, 0);
	server_start(&s, io, offload);
	ssl = peer_connect(client, s.service.port);
	EQ(SSL_write(ssl, "?", 1), 1);
	peer_expect(ssl, 0, 1);
	CHECK(!shutdown(SSL_get_fd(ssl), SHUT_WR));
	usleep(500000);
	CALM();
	/* Nor is it deaf: what is read then comes whole. */
	peer_expect(ssl, 1, MUCH - 1);
	peer_free(ssl);
	SSL_CTX_free(client);
	service_stop(&s.service);
	free(s.bytes);
}

TEST_DEADLINE(half_closed_ring, 60) { half_closed(TLSRING_IO_URING, TLSRING_OFFLOAD_AUTO); }
TEST_DEADLINE(half_closed_epoll, 60) { half_closed(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_AUTO); }
TEST_DEADLINE(half_closed_user_ring, 60) { half_closed(TLSRING_IO_URING, TLSRING_OFFLOAD_OFF); }
TEST_DEADLINE(half_closed_user_epoll, 60) { half_closed(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_OFF); }

/* ---- the program's own descriptors ---- */

struct waiter {
	struct tlsring_engine *engine;
	int ready;
};

static void ready(int fd, int events, void *user)
{
	struct waiter *w = user;

	CHECK(events & POLLOUT);
	w->ready++;
	(void)fd;
	tlsring_engine_stop(w->engine, 0);
}

static void own_descriptor(enum tlsring_io io)
{
	struct tlsring_engine_options options = { .size = sizeof(options), .io = io };
	struct waiter w = { 0 };
	static uint8_t buf[65536];
	pthread_t thread;
	int fd, peer_fd;

	w.engine = service_engine(&options);
	peer_sockets(&fd, &peer_fd);
	while (send(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	CHECK(!shutdown(peer_fd, SHUT_WR));
	EQ(tlsring_engine_poll(w.engine, fd, POLLOUT, ready, &w), 0);
	CHECK(!pthread_create(&thread, NULL, service_run, w.engine));
	CALM();
	EQ(w.ready, 0);
	while (!__atomic_load_n(&w.ready, __ATOMIC_ACQUIRE))
		if (recv(peer_fd, buf, sizeof(buf), MSG_DONTWAIT) < 0)
			usleep(1000);
	CHECK(!pthread_join(thread, NULL));
	EQ(w.ready, 1);
	tlsring_engine_free(w.engine);
	close(fd);
	close(peer_fd);
}

TEST_DEADLINE(own_descriptor_ring, 60) { own_descriptor(TLSRING_IO_URING); }
TEST_DEADLINE(own_descriptor_epoll, 60) { own_descriptor(TLSRING_IO_EPOLL); }
