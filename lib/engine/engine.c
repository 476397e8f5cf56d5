// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/engine/connection.h"
#include "lib/engine/handshake_queue.h"
#include "lib/engine/listener.h"
#include "lib/engine/ops.h"
#include "lib/engine/poll.h"
#include "lib/tls/machine.h"

#define ENGINE_COMPLETIONS	64
#define ENGINE_WAKE_RETRY_MSECS	100

static void engine_reap(struct tlsring_engine *engine)
{
	struct tlsring_conn *c;

	while ((c = LIST_FIRST(&engine->dead))) {
		LIST_REMOVE(c, link);
		connection_free(c);
	}
}

/* ---- connecting ---- */

/* 0: neither IPv4 nor IPv6. */
static socklen_t engine_addr_len(const struct sockaddr *addr)
{
	switch (addr->sa_family) {
	case AF_INET:
		return sizeof(struct sockaddr_in);
	case AF_INET6:
		return sizeof(struct sockaddr_in6);
	default:
		return 0;
	}
}

static bool engine_connectable(const struct tlsring_connect_options *options)
{
	socklen_t len;

	if (!options || options->size < sizeof(*options) || (options->early_len && !options->early))
		return false;
	if (!options->addr || options->addr_len < sizeof(sa_family_t))
		return false;
	len = engine_addr_len(options->addr);
	return len && options->addr_len >= len;
}

static int engine_call(struct tlsring_conn *c, struct tlsring_ctx *ctx,
		       const struct tlsring_connect_options *options)
{
	int ret = conn_connect(&c->conn, ctx, options);

	if (!ret)
		ret = uring_connect(c->engine->loop, c->fd, &c->peer,
				    engine_addr_len(&c->peer.any), engine_tag(c, ENGINE_CONNECT));
	if (ret)
		return ret;
	c->ops++;
	return 0;
}

int tlsring_engine_connect(struct tlsring_engine *engine, struct tlsring_ctx *ctx,
			   const struct tlsring_connect_options *options,
			   const struct tlsring_handlers *handlers, void *user)
{
	struct tlsring_conn *c;
	int fd, ret, one = 1;

	if (!ctx || !engine_takes(handlers) || !engine_connectable(options))
		return -EINVAL;
	if (engine->stopping && !engine->draining)
		return -ECANCELED;
	fd = socket(options->addr->sa_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
	if (fd < 0)
		return -errno;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c = ops_conn_new(engine, fd, handlers, user);
	if (!c) {
		close(fd);
		return -ENOMEM;
	}
	memcpy(&c->peer, options->addr, engine_addr_len(options->addr));
	ret = engine_call(c, ctx, options);
	if (ret) {
		ops_conn_discard(c);
		close(fd);
		return ret;
	}
	connection_start(c);
	return 0;
}

/* ---- stopping ---- */

/* Its handlers may bury any connection: ops_bury() keeps engine->next in the list. */
static void engine_each(struct tlsring_engine *engine, bool at_once)
{
	for (struct tlsring_conn *c = LIST_FIRST(&engine->conns); c; c = engine->next) {
		engine->next = LIST_NEXT(c, link);
		connection_stop(c, at_once);
	}
}

static void engine_cut(struct tlsring_engine *engine)
{
	engine->draining = false;
	engine_each(engine, true);
}

static void engine_stop(struct tlsring_engine *engine)
{
	bool first = !engine->stopping, drained = engine->draining;

	engine->stopping = true;
	engine->draining = engine->drain && engine->stop_grace && (first || drained);
	if (first)
		listener_stop_all(engine);
	if (first || drained != engine->draining || !engine->stop_grace)
		engine_each(engine, !engine->stop_grace);
	if (engine->stop_grace)
		uring_timer_set(engine->loop, &engine->grace, engine->stop_grace,
				engine_tag(engine, ENGINE_GRACE));
}

static int engine_await_stop(struct tlsring_engine *engine)
{
	return uring_poll(engine->loop, engine->wake_fd, POLLIN, engine_tag(engine, ENGINE_WAKE));
}

/* Whatever became of the wait for the eventfd, the engine must not miss a stop. */
static void engine_await_stop_later(struct tlsring_engine *engine)
{
	uring_timer_set(engine->loop, &engine->wake_retry, ENGINE_WAKE_RETRY_MSECS,
			engine_tag(engine, ENGINE_WAKE_RETRY));
}

static void engine_woken(struct tlsring_engine *engine)
{
	uint64_t count;

	if (read(engine->wake_fd, &count, sizeof(count)) == sizeof(count))
		engine_stop(engine);
	/* A second call may want a shorter grace. */
	if (engine_await_stop(engine))
		engine_await_stop_later(engine);
}

static void engine_wake(struct tlsring_engine *engine, unsigned grace_msecs, bool drain)
{
	uint64_t one = 1;
	int saved = errno;

	engine->stop_grace = grace_msecs;
	engine->drain = drain;
	/* A full eventfd has woken the engine already. */
	if (write(engine->wake_fd, &one, sizeof(one)) < 0)
		errno = saved;
}

void tlsring_engine_stop(struct tlsring_engine *engine, unsigned grace_msecs)
{
	engine_wake(engine, grace_msecs, false);
}

void tlsring_engine_drain(struct tlsring_engine *engine, unsigned grace_msecs)
{
	engine_wake(engine, grace_msecs, true);
}

/* ---- running ---- */

static void engine_completed(struct tlsring_engine *engine,
			     const struct uring_completion *completion)
{
	void *object = (void *)(uintptr_t)(completion->tag & ~(uint64_t)ENGINE_OP_MASK);
	enum engine_op op = completion->tag & ENGINE_OP_MASK;

	switch (op) {
	case ENGINE_WAKE:
		if (completion->res >= 0)
			engine_woken(engine);
		else
			engine_await_stop_later(engine);
		break;
	case ENGINE_WAKE_RETRY:
		engine_woken(engine);
		break;
	case ENGINE_GRACE:
		engine_cut(engine);
		break;
	case ENGINE_ACCEPT:
		listener_complete(object, completion);
		break;
	case ENGINE_RETRY:
		listener_accept(object);
		break;
	case ENGINE_POLL:
		poll_complete(object, completion->res);
		break;
	case ENGINE_RECV:
		if (handshake_queue_put_off(engine, object, completion))
			break;
		/* fall through */
	default:
		connection_complete(object, op, completion);
	}
}

static int engine_turn(struct tlsring_engine *engine)
{
	struct uring_completion completions[ENGINE_COMPLETIONS];
	int count;

	if (handshake_queue_waits(engine) || !STAILQ_EMPTY(&engine->scheduled))
		count = uring_loop_look(engine->loop, completions, ENGINE_COMPLETIONS);
	else
		count = uring_loop_wait(engine->loop, completions, ENGINE_COMPLETIONS);

	engine->round++;
	for (int i = 0; i < count; i++)
		engine_completed(engine, &completions[i]);
	handshake_queue_turn(engine, count > 0);
	connection_advance_scheduled(engine);
	engine_reap(engine);
	return count < 0 ? count : 0;
}

int tlsring_engine_run(struct tlsring_engine *engine)
{
	int ret = 0;

	while (!ret &&
	       (!engine->stopping || !LIST_EMPTY(&engine->conns) || listener_any_accepting(engine)))
		ret = engine_turn(engine);
	return ret;
}

static unsigned engine_or(unsigned value, unsigned fallback)
{
	return value ? value : fallback;
}

int tlsring_engine_new(struct tlsring_engine **out, const struct tlsring_engine_options *options)
{
	static const struct tlsring_engine_options defaults = { .size = sizeof(defaults) };
	struct tlsring_engine *engine;
	struct uring_options loop = { 0 };
	int ret;

	if (!options)
		options = &defaults;
	if (options->size < sizeof(*options) || options->io > TLSRING_IO_EPOLL)
		return -EINVAL;
	engine = aligned_alloc(_Alignof(struct tlsring_engine), sizeof(*engine));
	if (!engine)
		return -ENOMEM;
	*engine = (struct tlsring_engine){
		.round = 1,
		.handshake_timeout = engine_or(options->handshake_timeout, 30000),
		.idle_timeout = engine_or(options->idle_timeout, 60000),
		.min_rate = options->min_rate,
		.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	handshake_queue_init(engine);
	STAILQ_INIT(&engine->scheduled);
	if (engine->wake_fd < 0) {
		ret = -errno;
		free(engine);
		return ret;
	}
	loop.backend = options->io == TLSRING_IO_URING ? URING_BACKEND_RING :
		       options->io == TLSRING_IO_EPOLL ? URING_BACKEND_EPOLL : URING_BACKEND_AUTO;
	ret = -ENOMEM;
	engine->scratch = malloc(ENGINE_SCRATCH);
	if (!engine->scratch)
		goto fail;
	ret = uring_loop_new(&engine->loop, &loop);
	if (ret)
		goto fail;
	ret = engine_await_stop(engine);
	if (ret)
		goto fail;
	*out = engine;
	return 0;
fail:
	tlsring_engine_free(engine);
	return ret;
}

enum tlsring_io tlsring_engine_io(const struct tlsring_engine *engine)
{
	return uring_loop_backend(engine->loop) == URING_BACKEND_RING ? TLSRING_IO_URING :
									TLSRING_IO_EPOLL;
}

static uint64_t engine_count(const _Atomic uint64_t *count)
{
	return atomic_load_explicit(count, memory_order_relaxed);
}

uint64_t tlsring_engine_sent(const struct tlsring_engine *engine, enum tlsring_strategy strategy)
{
	const struct uring_tally *copied = &engine->tally[ENGINE_TALLY_KERNEL];
	const struct uring_tally *zerocopy = &engine->tally[ENGINE_TALLY_ZEROCOPY];
	const struct uring_tally *own = &engine->tally[ENGINE_TALLY_RECORDS];

	switch (strategy) {
	case TLSRING_SENT_RECORDS:
		return engine_count(&own->bytes[URING_WAY_BUFFER]) +
		       engine_count(&own->bytes[URING_WAY_MAPPING]);
	case TLSRING_SENT_BUFFER:
		return engine_count(&copied->bytes[URING_WAY_BUFFER]) +
		       engine_count(&zerocopy->bytes[URING_WAY_BUFFER]);
	case TLSRING_SENT_MAPPING:
		return engine_count(&copied->bytes[URING_WAY_MAPPING]) +
		       engine_count(&zerocopy->bytes[URING_WAY_MAPPING]);
	case TLSRING_SENT_SENDFILE:
		return engine_count(&copied->bytes[URING_WAY_SENDFILE]);
	case TLSRING_SENT_ZEROCOPY:
		return engine_count(&zerocopy->bytes[URING_WAY_SENDFILE]);
	default:
		return 0;
	}
}

void tlsring_engine_free(struct tlsring_engine *engine)
{
	if (!engine)
		return;
	engine->freeing = true;
	if (engine->loop) {
		engine->stop_grace = 0;
		engine->drain = false;
		engine_stop(engine);
		engine_each(engine, true);
		engine_reap(engine);
		while ((!LIST_EMPTY(&engine->conns) || listener_any_accepting(engine)) &&
		       !engine_turn(engine))
			;
	}
	listener_free_all(engine);
	handshake_queue_free(engine);
	uring_loop_free(engine->loop);
	poll_free(engine);
	free(engine->scratch);
	close(engine->wake_fd);
	free(engine);
}
