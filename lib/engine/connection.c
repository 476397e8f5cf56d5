// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "ktls/control.h"
#include "lib/engine/close.h"
#include "lib/engine/connection.h"
#include "lib/engine/ops.h"
#include "lib/engine/receive.h"
#include "lib/engine/send.h"
#include "lib/engine/timeout.h"
#include "lib/tls/control.h"
#include "lib/tls/handover.h"
#include "lib/tls/handshake.h"
#include "lib/tls/machine.h"
#include "lib/tls/record.h"

/* Fail the connection and end it at once. */
static void connection_cut(struct tlsring_conn *c, int result, const char *detail)
{
	conn_fail(&c->conn, result, detail);
	ops_end(c);
}

/* ---- output that is no message ---- */

static bool connection_transmit(struct tlsring_conn *c, const struct uring_message *message)
{
	int ret = uring_transmit(c->engine->loop, c->fd, message, engine_tag(c, ENGINE_OUTPUT));

	if (ret) {
		connection_cut(c, ret, NULL);
		return false;
	}
	ops_begin_write(c);
	return true;
}

/* Send what libssl, or our own sealing, has made. False: nothing, or the connection has failed. */
static bool connection_output(struct tlsring_conn *c)
{
	uint8_t *out = NULL;
	size_t len = conn_output(&c->conn, &out);

	if (!len)
		return false;
	/* libssl would answer a KeyUpdate even after our close_notify. */
	if (c->fin_sent) {
		free(out);
		return false;
	}
	c->output = out;
	return connection_transmit(
		c, &(struct uring_message){ .head = out, .head_len = len, .file_fd = -1 });
}

/* Send the control record that is due, through the kernel. False: as connection_output(). */
static bool connection_control(struct tlsring_conn *c)
{
	uint8_t buf[8], space[KTLS_CMSG_SPACE];
	struct msghdr msg = { 0 };
	uint8_t type;
	size_t len;

	type = conn_control(&c->conn, buf, &len);
	if (!type)
		return false;
	c->output = malloc(len);
	if (!c->output) {
		connection_cut(c, -ENOMEM, NULL);
		return false;
	}
	memcpy(c->output, buf, len);
	ktls_control_encode(&msg, space, type);
	return connection_transmit(c, &(struct uring_message){
		.head = c->output, .head_len = len, .file_fd = -1,
		.control = space, .control_len = msg.msg_controllen,
	});
}

/* ---- steps ---- */

/* Ask the application to close; close ourselves if it set no handler for that. */
static void connection_ask_close(struct tlsring_conn *c)
{
	bool open = c->phase < CONNECTION_CLOSING && c->conn.state == CONN_OPEN;

	if (open && c->engine->draining && c->handlers->draining)
		c->handlers->draining(c, c->user);
	else if (open && c->handlers->stopping)
		c->handlers->stopping(c, c->user);
	else
		ops_close(c);
}

static void connection_open(struct tlsring_conn *c)
{
	c->opened = true;
	timeout_active(c);
	if (c->handlers->opened)
		c->handlers->opened(c, c->user);
	if (c->engine->draining)
		connection_ask_close(c);
	receive_offer_pending(c);
}

static void connection_install(struct tlsring_conn *c)
{
	handover_install(&c->conn, c->fd);
	if (!c->opened)
		return;
	if (c->handlers->handed && conn_handed(&c->conn))
		c->handlers->handed(c, c->user);
	receive_offer_pending(c);
}

/* Begin the hand-over, with no receive in flight. True: look again. */
static bool connection_hand_over(struct tlsring_conn *c)
{
	if (c->receiving) {
		uring_cancel_tag(c->engine->loop, c->fd, engine_tag(c, ENGINE_RECV));
		return false;
	}
	c->handing = false;
	conn_hand_over(&c->conn);
	return true;
}

/* Do one thing for a failed connection: give its message up, send its alert, then FIN. True:
 * look again. */
static bool connection_step_failed(struct tlsring_conn *c)
{
	if (c->writing) {
		timeout_set(c, TIMEOUT_LINGER);
		return false;
	}
	if (c->send.busy) {
		send_finish(c, c->conn.result);
		return true;
	}
	if (!connection_output(c) && !connection_control(c))
		close_shut(c);
	return false;
}

/* Do one thing for a connection on which data flows. True: look again. */
static bool connection_step_flowing(struct tlsring_conn *c)
{
	if (!c->opened) {
		connection_open(c);
		return true;
	}
	if (c->send.busy) {
		send_next(c);
		if (!c->send.busy)
			receive_offer_pending(c);
		return true;
	}
	return c->conn.state != CONN_EARLY && close_step(c);
}

/* Do one thing. True: look again. */
static bool connection_step(struct tlsring_conn *c)
{
	struct conn *conn = &c->conn;

	if (conn->rekey_rx || conn->rx_stalled) {
		handover_rekey(conn, c->fd, KTLS_RX);
		return true;
	}
	if (c->phase == CONNECTION_CONNECTING || c->phase >= CONNECTION_LINGERING)
		return false;
	/* The next key comes before everything that is still to be sealed, an alert too. */
	if (conn->rekey_tx && !c->writing) {
		handover_rekey(conn, c->fd, KTLS_TX);
		return true;
	}
	if (conn->state == CONN_FAILED)
		return connection_step_failed(c);
	/* Early data is delivered although the server's first flight has not left yet. */
	if (conn->state == CONN_EARLY && !c->opened) {
		connection_open(c);
		return true;
	}
	if (c->writing)
		return false;
	/* A record that the old key cannot open would make the kernel refuse our close_notify
	 * too. */
	if (conn->rx_over && c->receiving)
		return false;
	if (connection_output(c) || connection_control(c))
		return false;
	if (receive_held(c))
		return connection_hand_over(c);
	if (conn_installable(conn)) {
		connection_install(c);
		return true;
	}
	return conn_flows(conn) && connection_step_flowing(c);
}

void connection_advance(struct tlsring_conn *c)
{
	if (c->advancing)
		return;
	c->advancing = true;
	while (connection_step(c))
		;
	receive_start(c);
	c->advancing = false;
	if (c->phase == CONNECTION_ENDED && !c->ops)
		ops_bury(c);
}

void connection_schedule(struct tlsring_conn *c)
{
	if (c->advancing || c->scheduled)
		return;
	c->scheduled = true;
	STAILQ_INSERT_TAIL(&c->engine->scheduled, c, next_scheduled);
}

void connection_advance_scheduled(struct tlsring_engine *engine)
{
	struct engine_conns scheduled = STAILQ_HEAD_INITIALIZER(scheduled);
	struct tlsring_conn *c;

	/* Their handlers may schedule others, which the next round advances. */
	STAILQ_CONCAT(&scheduled, &engine->scheduled);
	while ((c = STAILQ_FIRST(&scheduled))) {
		STAILQ_REMOVE_HEAD(&scheduled, next_scheduled);
		c->scheduled = false;
		connection_advance(c);
	}
}

/* ---- completions ---- */

static void connection_written(struct tlsring_conn *c, enum engine_op op, int res)
{
	c->writing = false;
	if (op != ENGINE_OUTPUT) {
		if (c->send.busy)
			send_complete(c, op, res);
		return;
	}
	free(c->output);
	c->output = NULL;
	if (res < 0)
		connection_cut(c, res, NULL);
	else if (c->conn.due && !record_own(&c->conn, KTLS_TX))
		conn_control_sent(&c->conn);
}

static void connection_connected(struct tlsring_conn *c, int res)
{
	engine_enter(c, CONNECTION_RUNNING);
	if (res < 0)
		connection_cut(c, res, "the connection could not be made");
}

void connection_complete(struct tlsring_conn *c, enum engine_op op,
			 const struct uring_completion *completion)
{
	bool outer = c->advancing;

	c->advancing = true;
	if (op != ENGINE_TIMER && !(completion->flags & URING_COMPLETION_MORE))
		c->ops--;
	if (receive_is_op(op))
		receive_complete(c, op, completion);
	else if (op == ENGINE_CONNECT)
		connection_connected(c, completion->res);
	else if (op != ENGINE_TIMER)
		connection_written(c, op, completion->res);
	else if (c->phase != CONNECTION_ENDED)
		timeout_expired(c);
	c->advancing = outer;
	connection_advance(c);
}

/* ---- its beginning and its end ---- */

void connection_start(struct tlsring_conn *c)
{
	ops_adopt(c);
	if (c->phase != CONNECTION_ENDED)
		timeout_set(c, c->engine->handshake_timeout);
	connection_advance(c);
}

void connection_stop(struct tlsring_conn *c, bool at_once)
{
	if (c->phase == CONNECTION_ENDED)
		return;
	if (at_once || (!c->opened && !c->engine->draining))
		connection_cut(c, -ECANCELED, "the program is stopping");
	else if (c->opened)
		connection_ask_close(c);
	connection_advance(c);
}

static void connection_report_end(struct tlsring_conn *c)
{
	const struct conn *conn = &c->conn;
	struct tlsring_end end = {
		.result = c->result,
		.opened = c->opened,
		.reason = conn->dir[KTLS_TX].reason ? conn->dir[KTLS_TX].reason :
						      conn->dir[KTLS_RX].reason,
		.detail = conn->detail ? conn->detail : "",
		.limit = c->limit,
		.verify = c->opened || !conn->wire ? 0 : handshake_verdict(conn->wire),
	};

	memcpy(&end.peer, &c->peer, sizeof(c->peer));
	c->handlers->closed(c, &end, c->user);
}

void connection_free(struct tlsring_conn *c)
{
	if (c->scheduled)
		STAILQ_REMOVE(&c->engine->scheduled, c, tlsring_conn, next_scheduled);
	if (c->send.busy)
		send_finish(c, -ECONNABORTED);
	uring_close(c->engine->loop, c->fd);
	c->fd = -1;
	if (c->handlers->closed)
		connection_report_end(c);
	free(c->output);
	free(c->pending);
	ops_conn_discard(c);
}
