// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "ktls/control.h"
#include "lib/engine/internal.h"
#include "lib/tls/handover.h"
#include "lib/tls/handshake.h"

void drive_end(struct tlsring_conn *c)
{
	c->ended = true;
	uring_timer_clear(c->engine->loop, &c->timer);
	if (c->ops)
		uring_cancel(c->engine->loop, c->fd);
}

/* ---- the writing side ---- */

static bool drive_transmit(struct tlsring_conn *c, const struct uring_message *message)
{
	int ret = uring_transmit(c->engine->loop, c->fd, message, engine_tag(c, ENGINE_OUTPUT));

	if (ret) {
		conn_fail(&c->conn, ret, NULL);
		drive_end(c);
		return false;
	}
	c->writing = true;
	c->ops++;
	return true;
}

static bool drive_output(struct tlsring_conn *c)
{
	uint8_t *out = NULL;
	size_t len = conn_output(&c->conn, &out);

	if (!len)
		return false;
	/* libssl would answer a KeyUpdate after our close_notify. */
	if (c->half) {
		free(out);
		return false;
	}
	c->output = out;
	return drive_transmit(c, &(struct uring_message){ .head = out, .head_len = len, .file_fd = -1 });
}

static bool drive_control(struct tlsring_conn *c)
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
		conn_fail(&c->conn, -ENOMEM, NULL);
		drive_end(c);
		return false;
	}
	memcpy(c->output, buf, len);
	ktls_control_encode(&msg, space, type);
	return drive_transmit(c, &(struct uring_message){
		.head = c->output, .head_len = len, .file_fd = -1,
		.control = space, .control_len = msg.msg_controllen,
	});
}

/* The program is to bring the connection to its end; without handlers for that we do. */
static void drive_ask(struct tlsring_conn *c)
{
	bool open = !c->closing && c->conn.state == CONN_OPEN;

	if (open && c->engine->draining && c->handlers->draining)
		c->handlers->draining(c, c->user);
	else if (open && c->handlers->stopping)
		c->handlers->stopping(c, c->user);
	else
		c->closing = true;
}

static void drive_open(struct tlsring_conn *c)
{
	c->opened = true;
	deadline_active(c);
	if (c->handlers->opened)
		c->handlers->opened(c, c->user);
	if (c->engine->draining)
		drive_ask(c);
	deliver_pending(c);
}

static void drive_handed(struct tlsring_conn *c)
{
	if (c->handlers->handed && conn_handed(&c->conn))
		c->handlers->handed(c, c->user);
	deliver_pending(c);
}

/* What a failed connection still does: its message is given up, its alert sent, then FIN. */
static bool drive_step_failed(struct tlsring_conn *c)
{
	if (c->writing) {
		deadline_set(c, DRIVE_LINGER);
		return false;
	}
	if (c->send.busy) {
		send_finish(c, c->conn.result);
		return true;
	}
	if (!drive_output(c) && !drive_control(c))
		leave_shut(c);
	return false;
}

static bool drive_handing(const struct tlsring_conn *c)
{
	return c->handing && c->conn.state == CONN_OPEN;
}

/* A receive in flight would take plaintext for ciphertext. */
static bool drive_hand_over(struct tlsring_conn *c)
{
	if (c->receiving) {
		uring_cancel_tag(c->engine->loop, c->fd, engine_tag(c, ENGINE_RECV));
		return false;
	}
	c->handing = false;
	conn_hand_over(&c->conn);
	return true;
}

/* Do one thing. True: look again. */
static bool drive_step(struct tlsring_conn *c)
{
	struct conn *conn = &c->conn;

	if (conn->rekey_rx || conn->rx_stalled) {
		handover_rekey(conn, c->fd, KTLS_RX);
		return true;
	}
	if (c->shut || c->ended || c->connecting)
		return false;
	/* Before whatever else is to be sealed, an alert too. */
	if (conn->rekey_tx && !c->writing) {
		handover_rekey(conn, c->fd, KTLS_TX);
		return true;
	}
	if (conn->state == CONN_FAILED)
		return drive_step_failed(c);
	/* Early data is not to wait until the server's first flight has left. */
	if (conn->state == CONN_EARLY && !c->opened) {
		drive_open(c);
		return true;
	}
	if (c->writing)
		return false;
	/* A record that the old key cannot open would make the kernel refuse our close_notify too. */
	if (conn->rx_over && c->receiving)
		return false;
	if (drive_output(c) || drive_control(c))
		return false;
	if (drive_handing(c))
		return drive_hand_over(c);
	if (conn_installable(conn)) {
		handover_install(conn, c->fd);
		if (c->opened)
			drive_handed(c);
		return true;
	}
	if (!conn_flows(conn))
		return false;
	if (!c->opened) {
		drive_open(c);
		return true;
	}
	if (c->send.busy) {
		send_next(c);
		if (!c->send.busy)
			deliver_pending(c);
		return true;
	}
	if (conn->state == CONN_EARLY)
		return false;
	return leave_step(c);
}

/* ---- the reading side ---- */

static void drive_receive(struct tlsring_conn *c)
{
	struct uring_loop *loop = c->engine->loop;
	bool records = c->conn.dir[KTLS_RX].path != TLSRING_PATH_USER;
	size_t max = records ? 1 : conn_receivable(&c->conn);
	int ret;

	if (c->receiving && records && (c->conn.rx_over || !deliver_room(c)))
		uring_cancel_tag(loop, c->fd, engine_tag(c, ENGINE_RECORDS));
	if (c->receiving || c->ended || drive_handing(c) || c->connecting || c->conn.fin_received || c->conn.rx_over || !max || !deliver_room(c))
		return;
	if (c->conn.message_len)
		ret = uring_poll(loop, c->fd, POLLIN, engine_tag(c, ENGINE_PART));
	else if (records)
		ret = uring_recvmsg(loop, c->fd, engine_tag(c, ENGINE_RECORDS));
	else
		ret = uring_recv(loop, c->fd, max, engine_tag(c, ENGINE_RECV));
	if (ret) {
		conn_fail(&c->conn, ret, NULL);
		drive_end(c);
		return;
	}
	c->receiving = true;
	c->ops++;
}

/* The client's Finished came after early data: what was left over is now beyond doubt. */
static void drive_confirmed(struct tlsring_conn *c)
{
	deadline_active(c);
	c->paused = false;
	deliver_pending(c);
}

static void drive_received(struct tlsring_conn *c, const struct uring_completion *completion)
{
	bool early = c->conn.state == CONN_EARLY;
	size_t got;

	conn_feed(&c->conn, completion->data, (size_t)completion->res);
	while ((got = conn_read(&c->conn, c->engine->scratch, ENGINE_SCRATCH)))
		deliver(c, c->engine->scratch, got);
	if (early && c->conn.state != CONN_EARLY)
		drive_confirmed(c);
}

static void drive_record(struct tlsring_conn *c, const struct uring_completion *completion)
{
	int type = ktls_control_type_of(completion->control, completion->control_len, completion->msg_flags);

	if (conn_record(&c->conn, type, completion->data, (size_t)completion->res, completion->msg_flags & MSG_EOR))
		deliver(c, completion->data, (size_t)completion->res);
	if (c->conn.rx_over)
		deadline_watch(c);
}

static void drive_record_error(struct tlsring_conn *c, int error)
{
	ktls_control_excuse(c->fd);
	conn_record_error(&c->conn, error);
}

/* Receiving was begun anew on a socket that does not wait any more, for the sake of sendfile. */
static void drive_wait(struct tlsring_conn *c)
{
	fcntl(c->fd, F_SETFL, 0);
	c->nonblocking = false;
}

static void drive_incoming(struct tlsring_conn *c, enum engine_op op, const struct uring_completion *completion)
{
	bool drop = c->shut || c->ended || c->conn.rx_over || c->conn.state == CONN_FAILED;
	/* An empty record has its type beside it, a FIN has nothing. */
	bool fin = !completion->res && !completion->control_len;

	if (completion->res >= 0 && !fin && !drop) {
		if (c->opened && !c->closing)
			deadline_active(c);
		if (op == ENGINE_RECV)
			drive_received(c, completion);
		else
			drive_record(c, completion);
	} else if (fin) {
		conn_fin(&c->conn);
	} else if (completion->res == -EAGAIN) {
		drive_wait(c);
	} else if (completion->res < 0 && completion->res != -ECANCELED && !c->ended) {
		if (c->conn.rx_over)
			ktls_control_excuse(c->fd);
		if (drop)
			conn_fin(&c->conn);
		else if (op == ENGINE_RECORDS)
			drive_record_error(c, completion->res);
		else
			conn_fail(&c->conn, completion->res, NULL);
	}
	if (completion->flags & URING_COMPLETION_BUFFER)
		uring_buffer_put(c->engine->loop, completion->buffer);
	if (c->shut && !c->conn.rx_over && leave_peer(c) && !c->ended)
		drive_end(c);
}

/* A kernel that changes keys knows a KeyUpdate by its record's first byte. The last part of one that came in
 * parts does not stop it: what is behind it must not be received before its key is there. */
static void drive_part(struct tlsring_conn *c, int ready)
{
	struct iovec iov = { c->engine->scratch, ENGINE_SCRATCH };
	uint8_t space[KTLS_CMSG_SPACE];
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space),
	};
	ssize_t got = ready < 0 ? ready : recvmsg(c->fd, &msg, MSG_DONTWAIT);

	if (ready >= 0 && got < 0)
		got = -errno;
	if (got == -EAGAIN)
		return;
	drive_incoming(c, ENGINE_RECORDS, &(struct uring_completion){
		.res = (int)got, .data = iov.iov_base, .msg_flags = msg.msg_flags,
		.control = space, .control_len = msg.msg_controllen,
	});
}

static bool drive_receives(enum engine_op op)
{
	return op == ENGINE_RECV || op == ENGINE_RECORDS || op == ENGINE_PART;
}

/* ---- life ---- */

static void drive_written(struct tlsring_conn *c, enum engine_op op, int res)
{
	c->writing = false;
	if (op != ENGINE_OUTPUT) {
		if (c->send.busy)
			send_completed(c, op, res);
		return;
	}
	free(c->output);
	c->output = NULL;
	if (res < 0) {
		conn_fail(&c->conn, res, NULL);
		drive_end(c);
	} else if (c->conn.due) {
		conn_control_sent(&c->conn);
	}
}

static void drive_connected(struct tlsring_conn *c, int res)
{
	c->connecting = false;
	if (res >= 0)
		return;
	conn_fail(&c->conn, res, "the connection could not be made");
	drive_end(c);
}

void drive_completed(struct tlsring_conn *c, enum engine_op op, const struct uring_completion *completion)
{
	bool again = c->driving;

	c->driving = true;
	if (op != ENGINE_TIMER && !(completion->flags & URING_COMPLETION_MORE)) {
		c->ops--;
		if (drive_receives(op))
			c->receiving = false;
	}
	if (op == ENGINE_PART)
		drive_part(c, completion->res);
	else if (drive_receives(op))
		drive_incoming(c, op, completion);
	else if (op == ENGINE_CONNECT)
		drive_connected(c, completion->res);
	else if (op != ENGINE_TIMER)
		drive_written(c, op, completion->res);
	else if (!c->ended)
		deadline_passed(c);
	c->driving = again;
	drive(c);
}

void drive(struct tlsring_conn *c)
{
	if (c->driving)
		return;
	c->driving = true;
	while (drive_step(c))
		;
	drive_receive(c);
	c->driving = false;
	if (c->ended && !c->ops)
		engine_bury(c);
}

void drive_stop(struct tlsring_conn *c, bool at_once)
{
	if (c->ended)
		return;
	if (at_once || (!c->opened && !c->engine->draining)) {
		conn_fail(&c->conn, -ECANCELED, "the program is stopping");
		drive_end(c);
	} else if (c->opened) {
		drive_ask(c);
	}
	drive(c);
}

void drive_free(struct tlsring_conn *c)
{
	struct tlsring_end end = {
		.result = c->conn.state == CONN_FAILED ? c->conn.result : c->result,
		.opened = c->opened,
		.limit = c->limit,
		.detail = c->conn.detail ? c->conn.detail : "",
	};

	if (c->send.busy) {
		conn_fail(&c->conn, -ECONNABORTED, NULL);
		send_finish(c, -ECONNABORTED);
	}
	end.verify = c->opened || !c->conn.wire ? 0 : handshake_verdict(c->conn.wire);
	end.reason = c->conn.dir[KTLS_TX].reason ? c->conn.dir[KTLS_TX].reason : c->conn.dir[KTLS_RX].reason;
	memcpy(&end.peer, &c->peer, sizeof(c->peer));
	uring_close(c->engine->loop, c->fd);
	c->fd = -1;
	if (c->handlers->closed)
		c->handlers->closed(c, &end, c->user);
	conn_wipe(&c->conn);
	free(c->output);
	free(c->pending);
	free(c);
}

struct tlsring_conn *drive_new(struct tlsring_engine *engine, int fd,
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

void drive_start(struct tlsring_conn *c)
{
	engine_adopt(c->engine, c);
	if (!c->ended)
		deadline_set(c, c->engine->handshake_timeout);
	drive(c);
}

void drive_discard(struct tlsring_conn *c)
{
	conn_wipe(&c->conn);
	free(c);
}
