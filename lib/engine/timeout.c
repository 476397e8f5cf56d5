// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include "lib/engine/internal.h"

/*
 * A connection has one timer, and what it is waited for changes all the time. The timer is only
 * moved when something is due sooner; when it fires too early it is set again. So a request costs
 * no change of it.
 */

/* msecs of silence until the hand-over. A peer that leaves after its answer does so within a round trip. */
#define DEADLINE_QUIET		1000	/* TLSRING_ON_IDLE */
#define DEADLINE_SETTLED	500	/* TLSRING_ADAPTIVE */
#define DEADLINE_WINDOW	20000	/* msecs over which a rate is looked at, unless idle is shorter */
#define DEADLINE_UNHEARD	5000	/* the same of a peer that we cannot read any more */

/* Silence that will bring the keys to the kernel, in msecs; 0: none will. */
static unsigned deadline_quiet(const struct tlsring_conn *c)
{
	if (c->conn.state != CONN_OPEN || conn_handed(&c->conn) || c->handing)
		return 0;
	switch (c->conn.ctx->when) {
	case TLSRING_ON_IDLE:
		return DEADLINE_QUIET;
	case TLSRING_ADAPTIVE:
		return DEADLINE_SETTLED;
	default:
		return 0;
	}
}

static bool deadline_sending(const struct tlsring_conn *c)
{
	return c->writing || c->send.busy;
}

/* Between looks at a message under way; 0: it may take as long as it likes. A peer that changed its key
 * where the kernel cannot follow may be stuck in sending, and take nothing until that is read. */
static unsigned deadline_window(const struct tlsring_conn *c)
{
	if (c->conn.rx_over)
		return DEADLINE_UNHEARD;
	if (c->engine->min_rate && (!c->idle || c->idle > DEADLINE_WINDOW))
		return DEADLINE_WINDOW;
	return c->idle;
}

static uint32_t deadline_since(const struct tlsring_conn *c, uint32_t then)
{
	return uring_now(c->engine->loop) - then;
}

static unsigned deadline_rest(unsigned whole, uint32_t past)
{
	return past < whole ? whole - past : 0;
}

void deadline_set(struct tlsring_conn *c, unsigned msecs)
{
	uring_timer_set(c->engine->loop, &c->timer, msecs, engine_tag(c, ENGINE_TIMER));
}

static void deadline_sooner(struct tlsring_conn *c, unsigned msecs)
{
	uring_timer_sooner(c->engine->loop, &c->timer, msecs, engine_tag(c, ENGINE_TIMER));
}

void deadline_watch(struct tlsring_conn *c)
{
	/* As long as the client's Finished is missing the handshake's time runs. */
	if (!c->opened || c->conn.state == CONN_EARLY || c->shut || c->ended)
		return;
	if (deadline_quiet(c))
		deadline_sooner(c, deadline_rest(deadline_quiet(c), deadline_since(c, c->active)));
	if (deadline_sending(c) && deadline_window(c))
		deadline_sooner(c, deadline_window(c));
	else if (c->idle)
		deadline_sooner(c, deadline_rest(c->idle, deadline_since(c, c->active)));
	if (c->deadline)
		deadline_sooner(c, deadline_rest(c->deadline, deadline_since(c, c->deadline_from)));
}

void deadline_active(struct tlsring_conn *c)
{
	c->active = uring_now(c->engine->loop);
	deadline_watch(c);
}

static bool deadline_acked(const struct tlsring_conn *c, uint64_t *bytes)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		return false;
	*bytes = info.tcpi_bytes_acked;
	return true;
}

/* Has the peer taken less than it must since the last look? The first look at a message, or at a
 * drain, only begins the count. */
static bool deadline_slow(struct tlsring_conn *c)
{
	uint64_t acked, least = (uint64_t)c->engine->min_rate * deadline_since(c, c->looked_at) / 1000;
	bool slow;

	if (!deadline_acked(c, &acked))
		return true;
	if (!least)
		least = 1;
	slow = c->looked && acked - c->acked < least;
	c->looked = true;
	c->looked_at = uring_now(c->engine->loop);
	c->acked = acked;
	return slow;
}

/* What it does not take would otherwise stay in the socket, long after we closed it. */
static void deadline_reset(const struct tlsring_conn *c)
{
	struct linger none = { .l_onoff = 1 };

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

static int deadline_result(const struct tlsring_conn *c)
{
	return c->conn.rx_over ? -EKEYEXPIRED : -ETIMEDOUT;
}

static void deadline_cut(struct tlsring_conn *c, enum tlsring_limit limit, const char *detail)
{
	c->limit = limit;
	c->result = deadline_result(c);
	conn_fail(&c->conn, c->result, detail);
	deadline_reset(c);
	drive_end(c);
}

/* Before its FIN, which waits for what is on its way. */
static void deadline_drain(struct tlsring_conn *c)
{
	unsigned window = deadline_window(c) ? deadline_window(c) : c->engine->idle_timeout;

	if (c->looked && deadline_since(c, c->looked_at) < window)
		return;
	if (!deadline_slow(c))
		return;
	c->limit = TLSRING_LIMIT_RATE;
	c->result = deadline_result(c);
	deadline_reset(c);
	drive_end(c);
}

static void deadline_close(struct tlsring_conn *c, enum tlsring_limit limit)
{
	c->limit = limit;
	c->result = -ETIMEDOUT;
	c->closing = true;
}

static void deadline_idle(struct tlsring_conn *c)
{
	/* It was to be closed before, but the peer began a record and went silent. */
	if (c->closing)
		deadline_cut(c, TLSRING_LIMIT_IDLE, "the peer fell silent inside a record");
	else
		deadline_close(c, TLSRING_LIMIT_IDLE);
}

static void deadline_open(struct tlsring_conn *c)
{
	uint32_t quiet = deadline_since(c, c->active);

	if (c->deadline && deadline_since(c, c->deadline_from) >= c->deadline) {
		c->deadline = 0;
		deadline_close(c, TLSRING_LIMIT_DEADLINE);
	}
	if (deadline_quiet(c) && quiet >= deadline_quiet(c))
		c->handing = true;
	if (!deadline_sending(c)) {
		if (c->idle && quiet >= c->idle)
			deadline_idle(c);
	} else if (deadline_window(c) && deadline_slow(c)) {
		deadline_cut(c, TLSRING_LIMIT_RATE, "the peer takes no data, or takes it too slowly");
	}
	deadline_watch(c);
}

void deadline_passed(struct tlsring_conn *c)
{
	if (c->shut || c->conn.state == CONN_FAILED) {
		drive_end(c);
	} else if (!c->opened || c->conn.state == CONN_EARLY) {
		c->limit = TLSRING_LIMIT_HANDSHAKE;
		conn_fail(&c->conn, -ETIMEDOUT, "the handshake was not finished in time");
		if (c->connecting)
			drive_end(c);
	} else if (c->conn.close_sent && !c->writing && (c->closing || !c->half)) {
		deadline_drain(c);
	} else {
		deadline_open(c);
	}
}
