// SPDX-License-Identifier: MIT
/* What a program asks of a connection of the engine, sending apart. */
#include <errno.h>
#include <string.h>
#include "lib/engine/internal.h"

void tlsring_close(struct tlsring_conn *c)
{
	c->closing = true;
	drive(c);
}

void tlsring_finish(struct tlsring_conn *c)
{
	c->finishing = true;
	drive(c);
}

void tlsring_abort(struct tlsring_conn *c, int result)
{
	if (c->ended)
		return;
	conn_fail(&c->conn, result, NULL);
	drive_end(c);
	drive(c);
}

int tlsring_conn_update(struct tlsring_conn *c, bool request)
{
	if (!c->opened || c->closing || c->conn.state != CONN_OPEN)
		return -EPIPE;
	if (!conn_updatable(&c->conn))
		return -EOPNOTSUPP;
	conn_update(&c->conn, request);
	drive(c);
	return 0;
}

bool tlsring_conn_early(const struct tlsring_conn *c)
{
	return c->conn.state == CONN_EARLY;
}

void tlsring_conn_set_user(struct tlsring_conn *c, void *user)
{
	c->user = user;
}

void *tlsring_conn_user(const struct tlsring_conn *c)
{
	return c->user;
}

int tlsring_conn_set_handlers(struct tlsring_conn *c, const struct tlsring_handlers *handlers)
{
	if (!engine_takes(handlers))
		return -EINVAL;
	c->handlers = handlers;
	return 0;
}

void tlsring_conn_set_idle(struct tlsring_conn *c, unsigned msecs)
{
	c->idle = msecs;
	deadline_watch(c);
}

void tlsring_conn_set_deadline(struct tlsring_conn *c, unsigned msecs)
{
	c->deadline = msecs;
	c->deadline_from = uring_now(c->engine->loop);
	deadline_watch(c);
}

void tlsring_conn_set_tag(struct tlsring_conn *c, uint64_t tag)
{
	c->tag = tag;
}

uint64_t tlsring_conn_round(const struct tlsring_conn *c)
{
	return c->engine->round;
}

uint64_t tlsring_conn_sent(const struct tlsring_conn *c)
{
	return c->sent;
}

uint64_t tlsring_conn_tag(const struct tlsring_conn *c)
{
	return c->tag;
}

int tlsring_conn_info(const struct tlsring_conn *c, struct tlsring_info *info)
{
	int ret = conn_info(&c->conn, info);

	if (ret)
		return ret;
	info->fd = c->fd;
	memset(&info->peer, 0, sizeof(info->peer));
	memcpy(&info->peer, &c->peer, sizeof(c->peer));
	return 0;
}
