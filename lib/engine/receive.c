// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "ktls/control.h"
#include "lib/engine/close.h"
#include "lib/engine/ops.h"
#include "lib/engine/receive.h"
#include "lib/engine/timeout.h"
#include "lib/tls/control.h"
#include "lib/tls/machine.h"
#include "lib/tls/record.h"

#define RECEIVE_PENDING_MAX	(64 * 1024)
/* Bytes of a receive that left some in the socket. */
#define RECEIVE_FULL		CONN_RECEIVE_MAX
#define RECEIVE_BULK_TURNS	4	/* of 64 KiB, before others have theirs */

/* ---- plaintext to the user ---- */

/* May the user be offered data? */
static bool receive_offers(const struct tlsring_conn *c)
{
	return !c->paused && c->phase < CONNECTION_CLOSING && conn_flows(&c->conn);
}

/* Offer data; returns how much of it was taken. */
static size_t receive_offer(struct tlsring_conn *c, const uint8_t *data, size_t len)
{
	size_t taken = 0;

	while (taken < len && receive_offers(c)) {
		ssize_t ret = c->handlers->received(c, data + taken, len - taken, c->user);

		if (ret == -EAGAIN) {
			c->paused = true;
			break;
		}
		if (ret < 0) {
			conn_fail(&c->conn, (int)ret, NULL);
			break;
		}
		if ((size_t)ret > len - taken) {
			conn_fail(&c->conn, -EINVAL, "received() took more than it was offered");
			break;
		}
		if (!ret)
			break;
		taken += (size_t)ret;
	}
	return taken;
}

static void receive_keep(struct tlsring_conn *c, const uint8_t *data, size_t len)
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

void receive_offer_pending(struct tlsring_conn *c)
{
	size_t taken;

	if (!c->pending_len || c->phase >= CONNECTION_CLOSING)
		return;
	taken = receive_offer(c, c->pending, c->pending_len);
	c->pending_len -= (uint32_t)taken;
	if (c->pending_len) {
		memmove(c->pending, c->pending + taken, c->pending_len);
		if (receive_offers(c) && c->pending_len >= RECEIVE_PENDING_MAX)
			conn_fail(&c->conn, -ENOBUFS,
				  "more data than the program can take at once");
	} else {
		free(c->pending);
		c->pending = NULL;
	}
}

static void receive_deliver(struct tlsring_conn *c, const void *data, size_t len)
{
	size_t taken = 0;

	if (c->phase >= CONNECTION_CLOSING)
		return;
	/* Only content counts: empty records and KeyUpdates do not keep a connection alive. */
	if (c->opened)
		timeout_active(c);
	if (c->opened && !c->pending_len)
		taken = receive_offer(c, data, len);
	if (taken == len || c->phase >= CONNECTION_CLOSING || c->conn.state == CONN_FAILED)
		return;
	receive_keep(c, (const uint8_t *)data + taken, len - taken);
	if (c->opened && taken == 0)
		receive_offer_pending(c);
}

/* ---- receives in flight ---- */

bool receive_is_op(enum engine_op op)
{
	return op == ENGINE_RECV || op == ENGINE_RECORDS || op == ENGINE_PART;
}

static bool receive_has_room(const struct tlsring_conn *c)
{
	return !c->paused || c->pending_len < RECEIVE_PENDING_MAX || c->phase >= CONNECTION_CLOSING;
}

bool receive_held(const struct tlsring_conn *c)
{
	return c->handing && c->conn.state == CONN_OPEN;
}

static bool receive_kernel(const struct tlsring_conn *c)
{
	return c->conn.dir[KTLS_RX].path != TLSRING_PATH_USER;
}

static bool receive_possible(const struct tlsring_conn *c)
{
	return !c->receiving && c->phase != CONNECTION_CONNECTING && c->phase != CONNECTION_ENDED &&
	       !c->conn.fin_received && !c->conn.rx_over && !receive_held(c) &&
	       receive_has_room(c) && (receive_kernel(c) || conn_receivable(&c->conn));
}

static int receive_queue(struct tlsring_conn *c)
{
	struct uring_loop *loop = c->engine->loop;

	if (c->conn.message_len)
		return uring_poll(loop, c->fd, POLLIN, engine_tag(c, ENGINE_PART));
	if (receive_kernel(c))
		return uring_recvmsg(loop, c->fd, engine_tag(c, ENGINE_RECORDS));
	return uring_recv(loop, c->fd, conn_receivable(&c->conn), engine_tag(c, ENGINE_RECV));
}

void receive_start(struct tlsring_conn *c)
{
	int ret;

	if (c->receiving && receive_kernel(c) && (c->conn.rx_over || !receive_has_room(c)))
		uring_cancel_tag(c->engine->loop, c->fd, engine_tag(c, ENGINE_RECORDS));
	if (!receive_possible(c))
		return;
	ret = receive_queue(c);
	if (ret) {
		conn_fail(&c->conn, ret, NULL);
		ops_end(c);
		return;
	}
	ops_begin_receive(c);
}

/* ---- what came ---- */

/* The client's Finished came after early data: no data left over can be a replay any more. */
static void receive_confirmed(struct tlsring_conn *c)
{
	timeout_active(c);
	c->paused = false;
	receive_offer_pending(c);
}

/* Deliver what is there; early: what came before it was early data. */
static void receive_read(struct tlsring_conn *c, bool early)
{
	const uint8_t *data;
	size_t got;

	while ((got = conn_read(&c->conn, c->engine->scratch, ENGINE_SCRATCH, &data)))
		receive_deliver(c, data, got);
	if (early && c->conn.state != CONN_EARLY)
		receive_confirmed(c);
}

static void receive_stream(struct tlsring_conn *c, const struct uring_completion *completion)
{
	bool early = c->conn.state == CONN_EARLY;

	conn_feed(&c->conn, completion->data, (size_t)completion->res);
	receive_read(c, early);
}

void receive_resume(struct tlsring_conn *c)
{
	bool early = c->conn.state == CONN_EARLY;

	if (conn_resume(&c->conn))
		receive_read(c, early);
}

static void receive_record(struct tlsring_conn *c, const struct uring_completion *completion)
{
	int type = ktls_control_type_of(completion->control, completion->control_len,
					completion->msg_flags);

	if (conn_record(&c->conn, type, completion->data, (size_t)completion->res,
			completion->msg_flags & MSG_EOR))
		receive_deliver(c, completion->data, (size_t)completion->res);
	if (c->conn.rx_over)
		timeout_watch(c);
}

/* Is nothing of what comes of use any more? In LINGERING the peer's close_notify is. */
static bool receive_drops(const struct tlsring_conn *c)
{
	return c->phase == CONNECTION_ENDED || c->conn.rx_over || c->conn.state == CONN_FAILED;
}

static void receive_data(struct tlsring_conn *c, enum engine_op op,
			 const struct uring_completion *completion)
{
	if (receive_drops(c))
		return;
	if (op == ENGINE_RECV)
		receive_stream(c, completion);
	else
		receive_record(c, completion);
}

static void receive_error(struct tlsring_conn *c, enum engine_op op, int error)
{
	/* Sendfile made the socket non-blocking: make it wait again. The receive begins anew by
	 * itself. */
	if (error == -EAGAIN) {
		fcntl(c->fd, F_SETFL, 0);
		c->nonblocking = false;
		return;
	}
	if (error == -ECANCELED || c->phase == CONNECTION_ENDED)
		return;
	if (op == ENGINE_RECORDS && (c->conn.rx_over || !receive_drops(c)))
		ktls_control_excuse(c->fd);
	if (receive_drops(c) || c->phase == CONNECTION_LINGERING)
		conn_fin(&c->conn);
	else if (op == ENGINE_RECORDS)
		conn_record_error(&c->conn, error);
	else
		conn_fail(&c->conn, error, NULL);
}

static void receive_completed(struct tlsring_conn *c, enum engine_op op,
			      const struct uring_completion *completion);

/* May more be taken off the socket than one receive of the loop takes? */
static bool receive_bulk_possible(const struct tlsring_conn *c)
{
	return record_own(&c->conn, KTLS_RX) && receive_possible(c) && !receive_drops(c) &&
	       !c->paused && !c->pending_len && conn_receivable(&c->conn) == RECEIVE_FULL;
}

/* A receive was full, so that more waits in the socket: take it at once, in large pieces, instead of
 * waking up for each record. */
static void receive_bulk(struct tlsring_conn *c)
{
	uint8_t *buf = receive_bulk_possible(c) ? uring_pool_get(c->engine->loop) : NULL;
	ssize_t got = URING_POOL_SIZE;

	for (unsigned i = 0; buf && i < RECEIVE_BULK_TURNS && got == URING_POOL_SIZE &&
			     receive_bulk_possible(c); i++) {
		got = recv(c->fd, buf, URING_POOL_SIZE, MSG_DONTWAIT);
		if (got < 0)
			got = -errno;
		if (got == -EAGAIN || got == -EINTR)
			break;
		receive_completed(c, ENGINE_RECV, &(struct uring_completion){
			.res = (int)got, .data = buf,
		});
	}
	if (buf)
		uring_pool_put(c->engine->loop, buf);
}

static void receive_completed(struct tlsring_conn *c, enum engine_op op,
			      const struct uring_completion *completion)
{
	if (completion->res < 0)
		receive_error(c, op, completion->res);
	/* An empty record comes with its type in a control message, a FIN with nothing. */
	else if (!completion->res && !completion->control_len)
		conn_fin(&c->conn);
	else
		receive_data(c, op, completion);
	if (completion->flags & URING_COMPLETION_BUFFER)
		uring_buffer_put(c->engine->loop, completion->buffer);
	if (completion->flags & URING_COMPLETION_BUFFER && op == ENGINE_RECV &&
	    completion->res == RECEIVE_FULL)
		receive_bulk(c);
	if (c->phase == CONNECTION_LINGERING && !c->conn.rx_over && close_peer_done(c))
		close_end(c);
}

/* Receive one piece of a handshake message whose first piece came alone. A kernel that changes
 * keys recognizes a KeyUpdate by the first byte of its record, so that the last piece of a
 * KeyUpdate does not stop it: nothing behind that piece may be received before its key was
 * installed. */
static void receive_part(struct tlsring_conn *c, int ready)
{
	struct iovec iov = { c->engine->scratch, ENGINE_SCRATCH };
	uint8_t space[KTLS_CMSG_SPACE];
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = space,
		.msg_controllen = sizeof(space),
	};
	ssize_t got = ready < 0 ? ready : recvmsg(c->fd, &msg, MSG_DONTWAIT);

	if (ready >= 0 && got < 0)
		got = -errno;
	if (got == -EAGAIN)
		return;
	receive_completed(c, ENGINE_RECORDS, &(struct uring_completion){
		.res = (int)got, .data = iov.iov_base, .msg_flags = msg.msg_flags,
		.control = space, .control_len = msg.msg_controllen,
	});
}

void receive_complete(struct tlsring_conn *c, enum engine_op op,
		      const struct uring_completion *completion)
{
	if (!(completion->flags & URING_COMPLETION_MORE))
		c->receiving = false;
	if (op == ENGINE_PART)
		receive_part(c, completion->res);
	else
		receive_completed(c, op, completion);
}
