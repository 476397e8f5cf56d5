// SPDX-License-Identifier: MIT
#include <errno.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "lib/engine/close.h"
#include "lib/engine/ops.h"
#include "lib/engine/timeout.h"
#include "lib/tls/machine.h"

#define CLOSE_LOOK	64	/* msecs between looks at a send buffer that must drain */
#define CLOSE_DRAIN	1000	/* msecs in which what was sent should have arrived */

bool close_peer_done(const struct tlsring_conn *c)
{
	return c->conn.close_received || c->conn.fin_received || c->conn.rx_over;
}

/* A FIN would overtake records that the kernel has sealed but that TCP had no room for, and the
 * peer would see a truncation. A nearly empty send buffer leaves no such records behind. */
static bool close_drained(struct tlsring_conn *c)
{
	int queued, room;
	socklen_t len = sizeof(room);

	return c->conn.dir[KTLS_TX].path == TLSRING_PATH_USER || ioctl(c->fd, SIOCOUTQ, &queued) ||
	       !queued || getsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &room, &len) ||
	       queued < room / 8;
}

static void close_notify(struct tlsring_conn *c)
{
	conn_close(&c->conn);
	c->sampled = false;
}

static void close_send_fin(struct tlsring_conn *c)
{
	c->fin_sent = true;
	shutdown(c->fd, SHUT_WR);
}

/* End our side alone: close_notify, then FIN. True: look again. */
static bool close_half(struct tlsring_conn *c)
{
	if (!c->conn.close_sent) {
		close_notify(c);
		return true;
	}
	if (c->fin_sent)
		return false;
	if (close_drained(c)) {
		close_send_fin(c);
		timeout_active(c);
	} else {
		timeout_set(c, CLOSE_LOOK);
	}
	return false;
}

/* Report the peer's close_notify to a user that decides itself when to close; close for all others.
 * True: look again. */
static bool close_report(struct tlsring_conn *c)
{
	const struct conn *conn = &c->conn;

	if (c->handlers->finished && conn->close_received && !conn->rx_over) {
		if (c->eof_reported)
			return false;
		c->eof_reported = true;
		c->handlers->finished(c, c->user);
		return true;
	}
	ops_close(c);
	return true;
}

/* Does data wait that will not be read: behind a record that could not be opened, or behind a
 * close_notify? */
static bool close_unread(const struct tlsring_conn *c)
{
	int len;

	return c->conn.rx_over || (!ioctl(c->fd, FIONREAD, &len) && len > 0);
}

void close_end(struct tlsring_conn *c)
{
	/* Closing the descriptor on unread data sends a reset, and the peer would lose what is
	 * still on its way to it, such as our alert. */
	if (close_unread(c))
		timeout_set(c, CLOSE_DRAIN);
	else
		ops_end(c);
}

void close_shut(struct tlsring_conn *c)
{
	ops_settle(c);
	engine_enter(c, CONNECTION_LINGERING);
	close_send_fin(c);
	if (close_peer_done(c))
		close_end(c);
	else
		timeout_set(c, TIMEOUT_LINGER);
}

bool close_step(struct tlsring_conn *c)
{
	if (c->phase < CONNECTION_CLOSING && close_peer_done(c) && !c->paused && close_report(c))
		return true;
	if (c->phase < CONNECTION_CLOSING)
		return c->phase == CONNECTION_FINISHING && close_half(c);
	if (!c->conn.close_sent) {
		close_notify(c);
		return true;
	}
	if (close_drained(c))
		close_shut(c);
	else
		timeout_set(c, CLOSE_LOOK);
	return false;
}
