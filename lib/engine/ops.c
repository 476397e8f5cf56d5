// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "lib/engine/ops.h"
#include "lib/tls/machine.h"

struct tlsring_conn *ops_conn_new(struct tlsring_engine *engine, int fd,
				  const struct tlsring_handlers *handlers, void *user)
{
	struct tlsring_conn *c = aligned_alloc(_Alignof(struct tlsring_conn), sizeof(*c));

	if (!c)
		return NULL;
	memset(c, 0, sizeof(*c));
	c->engine = engine;
	c->handlers = handlers;
	c->user = user;
	c->idle = engine->idle_timeout;
	c->fd = fd;
	return c;
}

void ops_conn_discard(struct tlsring_conn *c)
{
	conn_wipe(&c->conn);
	free(c);
}

void ops_adopt(struct tlsring_conn *c)
{
	LIST_INSERT_HEAD(&c->engine->conns, c, link);
}

void ops_bury(struct tlsring_conn *c)
{
	if (c->engine->next == c)
		c->engine->next = LIST_NEXT(c, link);
	LIST_REMOVE(c, link);
	LIST_INSERT_HEAD(&c->engine->dead, c, link);
	/* A handler that still has c must not begin anything on it. */
	c->advancing = true;
}

void ops_begin_receive(struct tlsring_conn *c)
{
	c->receiving = true;
	c->ops++;
}

void ops_begin_write(struct tlsring_conn *c)
{
	c->writing = true;
	c->ops++;
}

void ops_close(struct tlsring_conn *c)
{
	const struct conn *conn = &c->conn;

	if (c->phase >= CONNECTION_CLOSING)
		return;
	c->phase = CONNECTION_CLOSING;
	if (conn->rx_over)
		c->result = -EKEYEXPIRED;
	else if (conn->fin_received && !conn->close_received)
		c->result = -EPIPE;
}

void ops_settle(struct tlsring_conn *c)
{
	if (c->phase < CONNECTION_LINGERING && c->conn.state == CONN_FAILED)
		c->result = c->conn.result;
}

void ops_end(struct tlsring_conn *c)
{
	ops_settle(c);
	c->phase = CONNECTION_ENDED;
	uring_timer_clear(c->engine->loop, &c->timer);
	if (c->ops)
		uring_cancel(c->engine->loop, c->fd);
}
