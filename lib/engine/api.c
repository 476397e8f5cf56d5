// SPDX-License-Identifier: MIT
/* The public calls that a program makes on a connection of the engine. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include "lib/engine/connection.h"
#include "lib/engine/ops.h"
#include "lib/engine/receive.h"
#include "lib/engine/send.h"
#include "lib/engine/timeout.h"
#include "lib/tls/control.h"
#include "lib/tls/machine.h"

/* ---- sending ---- */

static int api_sendable(const struct tlsring_conn *c)
{
	if (!c->opened || c->phase != CONNECTION_RUNNING || c->conn.state == CONN_FAILED)
		return -EPIPE;
	return c->send.busy ? -EBUSY : 0;
}

/* Is a message of this length the moment to hand the keys over? */
static bool api_hands_over(const struct tlsring_conn *c, uint64_t length)
{
	const struct tlsring_ctx *ctx = c->conn.ctx;

	if (conn_handed(&c->conn) ||
	    (ctx->when != TLSRING_AT_LARGE && ctx->when != TLSRING_ADAPTIVE))
		return false;
	return length >= ctx->large || (ctx->when == TLSRING_ADAPTIVE && c->sent);
}

static void api_send_start(struct tlsring_conn *c, uint64_t length)
{
	c->send.busy = true;
	c->send.large = length > SEND_RECORD;
	c->sampled = false;
	timeout_watch(c);
	if (api_hands_over(c, length))
		c->handing = true;
	connection_schedule(c);
}

static bool api_has_bytes(const void *bytes, size_t len)
{
	return !len || (bytes && len <= SSIZE_MAX);
}

/* Does each length come with its bytes, and can a file have such a range? */
static bool api_message_valid(const struct tlsring_message *m)
{
	return api_has_bytes(m->head, m->head_len) && api_has_bytes(m->tail, m->tail_len) &&
	       (!m->length || (m->file_fd >= 0 && m->offset <= INT64_MAX &&
			       m->length <= INT64_MAX - m->offset));
}

int tlsring_send(struct tlsring_conn *c, const struct tlsring_message *message)
{
	int ret = api_sendable(c);

	if (ret)
		return ret;
	if (!message || !api_message_valid(message) || message->tail_len)
		return -EINVAL;
	c->send.message = *message;
	api_send_start(c, engine_message_size(message));
	return 0;
}

static bool api_fits_batch(const struct tlsring_message *m)
{
	return m->length <= TLSRING_MANY_MAX && m->head_len <= TLSRING_MANY_MAX - m->length &&
	       m->tail_len <= TLSRING_MANY_MAX - m->length - m->head_len;
}

int tlsring_send_many(struct tlsring_conn *c, struct tlsring_message *messages, unsigned count)
{
	int ret = api_sendable(c);
	uint64_t length = 0;

	if (ret)
		return ret;
	if (!messages || !count)
		return -EINVAL;
	for (unsigned i = 0; i < count; i++) {
		if (!api_message_valid(&messages[i]) || !api_fits_batch(&messages[i]))
			return -EINVAL;
		messages[i].missing = false;
		length += engine_message_size(&messages[i]);
	}
	c->send.messages = messages;
	c->send.count = count;
	api_send_start(c, length);
	return 0;
}

/* ---- receiving ---- */

void tlsring_conn_resume(struct tlsring_conn *c)
{
	c->paused = false;
	/* Inside a handler of this connection the caller of that handler goes on offering. */
	if (c->advancing)
		return;
	c->advancing = true;
	receive_resume(c);
	if (c->opened)
		receive_offer_pending(c);
	c->advancing = false;
	connection_advance(c);
}

/* ---- ending ---- */

void tlsring_close(struct tlsring_conn *c)
{
	ops_close(c);
	connection_schedule(c);
}

void tlsring_finish(struct tlsring_conn *c)
{
	engine_enter(c, CONNECTION_FINISHING);
	connection_schedule(c);
}

void tlsring_abort(struct tlsring_conn *c, int result)
{
	if (c->phase == CONNECTION_ENDED)
		return;
	conn_fail(&c->conn, result, NULL);
	ops_end(c);
	connection_schedule(c);
}

/* ---- keys ---- */

int tlsring_conn_update(struct tlsring_conn *c, bool request)
{
	if (!c->opened || c->phase >= CONNECTION_CLOSING || c->conn.state != CONN_OPEN)
		return -EPIPE;
	if (!conn_updatable(&c->conn))
		return -EOPNOTSUPP;
	conn_update(&c->conn, request);
	connection_schedule(c);
	return 0;
}

bool tlsring_conn_early(const struct tlsring_conn *c)
{
	return c->conn.state == CONN_EARLY;
}

/* ---- settings and facts ---- */

struct tlsring_conn *tlsring_conn_of(const struct ssl_st *ssl)
{
	struct wire *wire = ssl ? wire_of(ssl) : NULL;

	if (!wire || !wire->owner)
		return NULL;
	return (struct tlsring_conn *)((char *)wire->owner - offsetof(struct tlsring_conn, conn));
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
	timeout_watch(c);
}

void tlsring_conn_set_deadline(struct tlsring_conn *c, unsigned msecs)
{
	c->deadline = msecs;
	c->deadline_from = uring_now(c->engine->loop);
	timeout_watch(c);
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
