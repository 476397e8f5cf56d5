// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include "lib/engine/ops.h"
#include "lib/engine/timeout.h"
#include "lib/tls/machine.h"

/*
 * A connection has one timer for all its limits, and the limits change with every request. The
 * timer is only moved when a limit comes sooner than the timer would fire; a timer that fires too
 * early is set again. So a request costs no change of the timer.
 */

/* msecs of silence until the hand-over. A peer that leaves after its answer does so within a
 * round trip. */
#define TIMEOUT_QUIET		1000	/* TLSRING_ON_IDLE */
#define TIMEOUT_SETTLED		500	/* TLSRING_ADAPTIVE */
#define TIMEOUT_WINDOW		20000	/* msecs of measuring a rate, unless idle is shorter */
#define TIMEOUT_WINDOW_UNREADABLE 5000	/* the same of a peer that we cannot read any more */

/* msecs of silence after which the keys go to the kernel; 0: silence does not bring them there. */
static unsigned timeout_quiet(const struct tlsring_conn *c)
{
	if (c->conn.state != CONN_OPEN || conn_handed(&c->conn) || c->handing)
		return 0;
	switch (c->conn.ctx->when) {
	case TLSRING_ON_IDLE:
		return TIMEOUT_QUIET;
	case TLSRING_ADAPTIVE:
		return TIMEOUT_SETTLED;
	default:
		return 0;
	}
}

static bool timeout_sending(const struct tlsring_conn *c)
{
	return c->writing || c->send.busy;
}

/* msecs between two samples of a message under way; 0: it may take as long as it likes. A peer
 * that changed its key where the kernel cannot follow may wait for us to read, and take nothing
 * until then. */
static unsigned timeout_window(const struct tlsring_conn *c)
{
	if (c->conn.rx_over)
		return TIMEOUT_WINDOW_UNREADABLE;
	if (c->engine->min_rate && (!c->idle || c->idle > TIMEOUT_WINDOW))
		return TIMEOUT_WINDOW;
	return c->idle;
}

static uint32_t timeout_since(const struct tlsring_conn *c, uint32_t then)
{
	return uring_now(c->engine->loop) - then;
}

static unsigned timeout_rest(unsigned whole, uint32_t past)
{
	return past < whole ? whole - past : 0;
}

void timeout_set(struct tlsring_conn *c, unsigned msecs)
{
	uring_timer_set(c->engine->loop, &c->timer, msecs, engine_tag(c, ENGINE_TIMER));
}

static void timeout_sooner(struct tlsring_conn *c, unsigned msecs)
{
	uring_timer_sooner(c->engine->loop, &c->timer, msecs, engine_tag(c, ENGINE_TIMER));
}

void timeout_watch(struct tlsring_conn *c)
{
	/* The handshake's limit holds until the client's Finished has come. */
	if (!c->opened || c->conn.state == CONN_EARLY || c->phase >= CONNECTION_LINGERING)
		return;
	if (timeout_quiet(c))
		timeout_sooner(c, timeout_rest(timeout_quiet(c), timeout_since(c, c->active)));
	if (timeout_sending(c) && timeout_window(c))
		timeout_sooner(c, timeout_window(c));
	else if (c->idle)
		timeout_sooner(c, timeout_rest(c->idle, timeout_since(c, c->active)));
	if (c->deadline)
		timeout_sooner(c, timeout_rest(c->deadline, timeout_since(c, c->deadline_from)));
}

void timeout_active(struct tlsring_conn *c)
{
	c->active = uring_now(c->engine->loop);
	timeout_watch(c);
}

static bool timeout_acked(const struct tlsring_conn *c, uint64_t *bytes)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		return false;
	*bytes = info.tcpi_bytes_acked;
	return true;
}

/* Sample what the peer has acknowledged. True: it took less than min_rate since the last sample.
 * The first sample of a message, or of a drain, says nothing. */
static bool timeout_slow(struct tlsring_conn *c)
{
	uint64_t acked,
		min = (uint64_t)c->engine->min_rate * timeout_since(c, c->sampled_at) / 1000;
	bool slow;

	if (!timeout_acked(c, &acked))
		return true;
	if (!min)
		min = 1;
	slow = c->sampled && acked - c->acked < min;
	c->sampled = true;
	c->sampled_at = uring_now(c->engine->loop);
	c->acked = acked;
	return slow;
}

/* Close with a reset. Data that the peer does not take would otherwise stay in the socket long
 * after the descriptor was closed. */
static void timeout_reset(const struct tlsring_conn *c)
{
	struct linger none = { .l_onoff = 1 };

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

static int timeout_result(const struct tlsring_conn *c)
{
	return c->conn.rx_over ? -EKEYEXPIRED : -ETIMEDOUT;
}

static void timeout_cut(struct tlsring_conn *c, enum tlsring_limit limit, const char *detail)
{
	c->limit = limit;
	c->result = timeout_result(c);
	conn_fail(&c->conn, c->result, detail);
	timeout_reset(c);
	ops_end(c);
}

/* Look at a connection that waits with its FIN until the socket has drained. */
static void timeout_drain(struct tlsring_conn *c)
{
	unsigned window = timeout_window(c) ? timeout_window(c) : c->engine->idle_timeout;

	if (c->sampled && timeout_since(c, c->sampled_at) < window)
		return;
	if (!timeout_slow(c))
		return;
	c->limit = TLSRING_LIMIT_RATE;
	c->result = timeout_result(c);
	timeout_reset(c);
	ops_end(c);
}

static void timeout_close(struct tlsring_conn *c, enum tlsring_limit limit)
{
	ops_close(c);
	c->limit = limit;
	c->result = -ETIMEDOUT;
}

static void timeout_idle(struct tlsring_conn *c)
{
	/* A connection that has tried to close cannot, while the peer is silent inside a record. */
	if (c->phase == CONNECTION_CLOSING)
		timeout_cut(c, TLSRING_LIMIT_IDLE, "the peer fell silent inside a record");
	else
		timeout_close(c, TLSRING_LIMIT_IDLE);
}

static void timeout_open(struct tlsring_conn *c)
{
	uint32_t quiet = timeout_since(c, c->active);

	if (c->deadline && timeout_since(c, c->deadline_from) >= c->deadline) {
		c->deadline = 0;
		timeout_close(c, TLSRING_LIMIT_DEADLINE);
	}
	if (timeout_quiet(c) && quiet >= timeout_quiet(c))
		c->handing = true;
	if (!timeout_sending(c)) {
		if (c->idle && quiet >= c->idle)
			timeout_idle(c);
	} else if (timeout_window(c) && timeout_slow(c)) {
		timeout_cut(c, TLSRING_LIMIT_RATE,
			    "the peer takes no data, or takes it too slowly");
	}
	timeout_watch(c);
}

void timeout_expired(struct tlsring_conn *c)
{
	if (c->phase == CONNECTION_LINGERING || c->conn.state == CONN_FAILED) {
		ops_end(c);
	} else if (!c->opened || c->conn.state == CONN_EARLY) {
		c->limit = TLSRING_LIMIT_HANDSHAKE;
		conn_fail(&c->conn, -ETIMEDOUT, "the handshake was not finished in time");
		if (c->phase == CONNECTION_CONNECTING)
			ops_end(c);
	} else if (c->conn.close_sent && !c->writing &&
		   (c->phase == CONNECTION_CLOSING || !c->fin_sent)) {
		timeout_drain(c);
	} else {
		timeout_open(c);
	}
}
