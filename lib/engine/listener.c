// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/engine/connection.h"
#include "lib/engine/listener.h"
#include "lib/engine/ops.h"
#include "lib/tls/machine.h"

#define LISTENER_RETRY	100	/* milliseconds from an error of accept to the next attempt */

static void listener_retry_later(struct engine_listener *listener)
{
	uring_timer_set(listener->engine->loop, &listener->timer, LISTENER_RETRY,
			engine_tag(listener, ENGINE_RETRY));
}

void listener_accept(struct engine_listener *listener)
{
	if (listener->accepting || listener->engine->stopping)
		return;
	if (uring_accept(listener->engine->loop, listener->fd, engine_tag(listener, ENGINE_ACCEPT)))
		listener_retry_later(listener);
	else
		listener->accepting = true;
}

/* Make a connection of an accepted socket. False: the socket stays the caller's. */
static bool listener_welcome(struct engine_listener *listener, int fd)
{
	const struct tlsring_engine *engine = listener->engine;
	const struct tlsring_handlers *handlers = listener->handlers;
	struct tlsring_conn *c;
	socklen_t len = sizeof(c->peer);

	if (engine->stopping && !engine->draining)
		return false;
	c = ops_conn_new(listener->engine, fd, handlers, listener->user);
	if (!c)
		return false;
	getpeername(fd, &c->peer.any, &len);
	if (handlers->accepting && !handlers->accepting(&c->peer.any, listener->user)) {
		ops_conn_discard(c);
		return false;
	}
	conn_accept(&c->conn, listener->ctx);
	engine_enter(c, CONNECTION_RUNNING);
	connection_start(c);
	return true;
}

void listener_complete(struct engine_listener *listener, const struct uring_completion *completion)
{
	if (!(completion->flags & URING_COMPLETION_MORE))
		listener->accepting = false;
	if (completion->res >= 0 && !listener_welcome(listener, completion->res))
		close(completion->res);
	/* Most errors persist: no descriptors, no memory, a socket that was shut down. */
	if (completion->res >= 0)
		listener_accept(listener);
	else if (!listener->engine->stopping)
		listener_retry_later(listener);
}

void listener_stop_all(struct tlsring_engine *engine)
{
	struct engine_listener *listener;

	SLIST_FOREACH(listener, &engine->listeners, link) {
		uring_timer_clear(engine->loop, &listener->timer);
		if (listener->accepting)
			uring_cancel(engine->loop, listener->fd);
	}
}

bool listener_any_accepting(const struct tlsring_engine *engine)
{
	struct engine_listener *listener;

	SLIST_FOREACH(listener, &engine->listeners, link)
		if (listener->accepting)
			return true;
	return false;
}

void listener_free_all(struct tlsring_engine *engine)
{
	struct engine_listener *listener;

	while ((listener = SLIST_FIRST(&engine->listeners))) {
		SLIST_REMOVE_HEAD(&engine->listeners, link);
		free(listener);
	}
}

static int listener_check(int fd)
{
	int listening = 0;
	socklen_t len = sizeof(listening);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len))
		return -errno;
	return listening ? 0 : -EINVAL;
}

int tlsring_engine_listen(struct tlsring_engine *engine, struct tlsring_ctx *ctx, int fd,
			  const struct tlsring_handlers *handlers, void *user)
{
	struct engine_listener *listener;
	int ret, one = 1;

	if (!ctx || !engine_takes(handlers))
		return -EINVAL;
	ret = listener_check(fd);
	if (ret)
		return ret;
	listener = aligned_alloc(_Alignof(struct engine_listener), sizeof(*listener));
	if (!listener)
		return -ENOMEM;
	*listener = (struct engine_listener){
		.engine = engine, .ctx = ctx, .fd = fd, .handlers = handlers, .user = user,
	};
	SLIST_INSERT_HEAD(&engine->listeners, listener, link);
	/* Accepted sockets inherit it. Records are written whole: nothing is gained by waiting
	 * for more. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	listener_accept(listener);
	return 0;
}
