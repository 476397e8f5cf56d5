// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "lib/engine/internal.h"

#define DELIVER_PENDING_MAX	(64 * 1024)

bool deliver_room(const struct tlsring_conn *c)
{
	return !c->paused || c->pending_len < DELIVER_PENDING_MAX;
}

/* Offer data; returns how much of it was taken. */
static size_t deliver_offer(struct tlsring_conn *c, const uint8_t *data, size_t len)
{
	size_t taken = 0;

	while (taken < len && !c->paused && !c->closing && conn_flows(&c->conn)) {
		ssize_t ret = c->handlers->received(c, data + taken, len - taken, c->user);

		if (ret == -EAGAIN) {
			c->paused = true;
			break;
		}
		if (ret < 0) {
			conn_fail(&c->conn, (int)ret, NULL);
			break;
		}
		if (!ret)
			break;
		taken += (size_t)ret;
	}
	return taken;
}

static void deliver_keep(struct tlsring_conn *c, const uint8_t *data, size_t len)
{
	uint8_t *larger = realloc(c->pending, c->pending_len + len);

	if (!larger) {
		conn_fail(&c->conn, -ENOMEM, NULL);
		return;
	}
	memcpy(larger + c->pending_len, data, len);
	c->pending = larger;
	c->pending_len += (uint32_t)len;
}

void deliver_pending(struct tlsring_conn *c)
{
	size_t taken;

	if (!c->pending_len)
		return;
	taken = deliver_offer(c, c->pending, c->pending_len);
	c->pending_len -= (uint32_t)taken;
	if (c->pending_len) {
		memmove(c->pending, c->pending + taken, c->pending_len);
		if (!c->paused && c->pending_len >= DELIVER_PENDING_MAX)
			conn_fail(&c->conn, -ENOBUFS, "more data than the program can take at once");
	} else {
		free(c->pending);
		c->pending = NULL;
	}
}

void deliver(struct tlsring_conn *c, const void *data, size_t len)
{
	size_t taken = 0;

	if (c->closing || c->shut)
		return;
	if (c->opened && !c->pending_len)
		taken = deliver_offer(c, data, len);
	if (taken == len || c->closing || c->conn.state == CONN_FAILED)
		return;
	deliver_keep(c, (const uint8_t *)data + taken, len - taken);
	if (c->opened && taken == 0)
		deliver_pending(c);
}

void tlsring_conn_resume(struct tlsring_conn *c)
{
	c->paused = false;
	/* Inside a handler of this connection: whoever called that offers on. */
	if (!c->opened || c->driving)
		return;
	c->driving = true;
	deliver_pending(c);
	c->driving = false;
	drive(c);
}
