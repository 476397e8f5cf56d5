// SPDX-License-Identifier: MIT
/* Errors that last, or that meet the engine's own descriptors. */
#include <time.h>
#include "tests/lib/service.h"
#include "tests/uring/shim.h"

struct server {
	struct service service;
	int accepted, closed;
};

static bool accepting(const struct sockaddr *peer, void *user)
{
	struct server *s = user;

	(void)peer;
	s->accepted++;
	return false;
}

static ssize_t received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	(void)conn;
	(void)data;
	(void)user;
	return (ssize_t)len;
}

static const struct tlsring_handlers handlers = {
	.size = sizeof(handlers), .accepting = accepting, .received = received,
};

static void start(struct server *s, enum tlsring_io io)
{
	struct tlsring_engine_options options = { .size = sizeof(options), .io = io };

	service_start(&s->service, peer_ctx(true, NULL), NULL, &options, &handlers, s);
}

static uint64_t processor_msecs(void)
{
	struct timespec used;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / 1000000;
}

/* A listener that was shut down costs nothing; one that listens again is accepted from. */
static void shut_listener(enum tlsring_io io)
{
	struct server s = { 0 };
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);
	uint64_t before;

	start(&s, io);
	close(peer_tcp(s.service.port));
	peer_await(&s.accepted, 1);
	CHECK(!shutdown(s.service.fd, SHUT_RD));
	before = processor_msecs();
	usleep(1000000);
	CHECK(processor_msecs() - before < 200);
	/* The shutdown took its port. */
	CHECK(!listen(s.service.fd, 10));
	CHECK(!getsockname(s.service.fd, (struct sockaddr *)&addr, &len));
	close(peer_tcp(ntohs(addr.sin_port)));
	peer_await(&s.accepted, 2);
	service_stop(&s.service);
}

TEST(shut_listener_ring) { shut_listener(TLSRING_IO_URING); }
TEST(shut_listener_epoll) { shut_listener(TLSRING_IO_EPOLL); }

/* An engine whose wait for its eventfd fails is stopped all the same. */
static void deaf(int error)
{
	struct server s = { 0 };

	shim->target = 1;
	shim->error = error;
	start(&s, TLSRING_IO_URING);
	usleep(200000);
	CHECK(shim->hit);
	EQ(shim->opcode, IORING_OP_POLL_ADD);
	service_stop(&s.service);
}

TEST(wait_for_a_stop_fails) { deaf(-ENOMEM); }
TEST(wait_for_a_stop_is_cancelled) { deaf(-ECANCELED); }

/* The first accept fails: it is repeated. */
TEST(first_accept_fails)
{
	struct server s = { 0 };

	shim->target = 2;
	shim->error = -ENOMEM;
	start(&s, TLSRING_IO_URING);
	usleep(200000);
	CHECK(shim->hit);
	EQ(shim->opcode, IORING_OP_ACCEPT);
	close(peer_tcp(s.service.port));
	peer_await(&s.accepted, 1);
	service_stop(&s.service);
}
