// SPDX-License-Identifier: MIT
/* How a connection of the engine ends, on its side and on the peer's. */
#include <errno.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "lib/engine/internal.h"

#define LEAVE_LOOK	64	/* msecs between looks at a send buffer that must drain */
#define LEAVE_DRAIN	1000	/* msecs in which what was sent should have arrived */

bool leave_peer(const struct tlsring_conn *c)
{
	return c->conn.close_received || c->conn.fin_received || c->conn.rx_over;
}

/* A FIN would overtake records that the kernel has sealed but that TCP had no room for, so that
 * the peer saw a truncation. Nearly empty send buffers leave none behind. */
static bool leave_drained(struct tlsring_conn *c)
{
	int queued, room;
	socklen_t len = sizeof(room);

	return c->conn.dir[KTLS_TX].path == TLSRING_PATH_USER || ioctl(c->fd, SIOCOUTQ, &queued) ||
	       !queued || getsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &room, &len) || queued < room / 8;
}

/* Our side is over: close_notify, FIN. True: look again. */
static bool leave_finish(struct tlsring_conn *c)
{
	if (!c->conn.close_sent) {
		conn_close(&c->conn);
		c->looked = false;
		return true;
	}
	if (c->half)
		return false;
	if (leave_drained(c)) {
		c->half = true;
		shutdown(c->fd, SHUT_WR);
		deadline_active(c);
	} else {
		deadline_set(c, LEAVE_LOOK);
	}
	return false;
}

/* The peer has nothing more to send: whoever wants to know decides himself when to close. */
static bool leave_tell(struct tlsring_conn *c)
{
	const struct conn *conn = &c->conn;

	if (c->handlers->finished && conn->close_received && !conn->rx_over) {
		if (c->told)
			return false;
		c->told = true;
		c->handlers->finished(c, c->user);
		return true;
	}
	c->closing = true;
	c->result = conn->rx_over ? -EKEYEXPIRED : conn->close_received ? 0 : -EPIPE;
	return true;
}

void leave_shut(struct tlsring_conn *c)
{
	c->shut = true;
	shutdown(c->fd, SHUT_WR);
	/* Closing at once on data we cannot read would reset what is still on its way to the peer. */
	if (c->conn.rx_over)
		deadline_set(c, LEAVE_DRAIN);
	else if (leave_peer(c))
		drive_end(c);
	else
		deadline_set(c, DRIVE_LINGER);
}

bool leave_step(struct tlsring_conn *c)
{
	if (!c->closing && leave_peer(c) && !c->paused && leave_tell(c))
		return true;
	if (!c->closing)
		return c->finishing && leave_finish(c);
	if (!c->conn.close_sent) {
		conn_close(&c->conn);
		c->looked = false;
		return true;
	}
	if (leave_drained(c))
		leave_shut(c);
	else
		deadline_set(c, LEAVE_LOOK);
	return false;
}
