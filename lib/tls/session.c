// SPDX-License-Identifier: MIT
/* A connection in the caller's own loop: what the engine does with a ring, done with the socket. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "ktls/control.h"
#include "lib/tls/control.h"
#include "lib/tls/handover.h"
#include "lib/tls/handshake.h"
#include "lib/tls/machine.h"
#include "lib/tls/record.h"
#include "lib/tlsring.h"

#define SESSION_EARLY	16384

struct tlsring_session {
	struct conn conn;
	uint8_t *early;			/* owned: opened before the hand-over, not given out yet */
	size_t early_len, early_given;
	int fd;				/* the caller's */
};

static bool session_kernel(const struct tlsring_session *s, enum ktls_direction dir)
{
	return s->conn.dir[dir].path != TLSRING_PATH_USER;
}

int tlsring_session_new(struct tlsring_session **out, const struct tlsring_ctx *ctx,
			struct ssl_st *ssl, int fd)
{
	struct wire *wire = wire_of(ssl);
	struct tlsring_session *s;

	if (!wire)
		return -EINVAL;
	if (!handshake_done(wire))
		return -ENOTCONN;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->fd = fd;
	conn_adopt(&s->conn, ctx, wire);
	*out = s;
	return 0;
}

void tlsring_session_free(struct tlsring_session *s)
{
	if (!s)
		return;
	conn_wipe(&s->conn);
	free(s->early);
	free(s);
}

/* Control records that are due go out, and the keys that belong to them in. 0 or -errno. */
static int session_flush(struct tlsring_session *s)
{
	struct conn *conn = &s->conn;
	uint8_t buf[8], type;
	size_t len;
	long ret;

	handover_rekey(conn, s->fd, KTLS_RX);
	while ((type = conn_control(conn, buf, &len))) {
		ret = ktls_control_send(s->fd, type, buf, len);
		if (ret < 0)
			return (int)ret;
		conn_control_sent(conn);
		handover_rekey(conn, s->fd, KTLS_TX);
	}
	return 0;
}

/* The result of a connection that has failed; its alert is sent if that can be done at once. */
static int session_result(struct tlsring_session *s)
{
	session_flush(s);
	return s->conn.result;
}

/* ---- the hand-over ---- */

/* What libssl has in its hands becomes plaintext here. -EAGAIN: it needs more from the socket. */
static int session_drain(struct tlsring_session *s)
{
	int ret;

	while (wire_missing(s->conn.wire) && s->conn.state != CONN_FAILED && !s->conn.close_received) {
		uint8_t *larger = realloc(s->early, s->early_len + SESSION_EARLY);
		size_t got;

		if (!larger)
			return -ENOMEM;
		s->early = larger;
		got = conn_read(&s->conn, s->early + s->early_len, SESSION_EARLY);
		s->early_len += got;
		if (got)
			continue;
		if (s->conn.state == CONN_FAILED)
			return s->conn.result;
		if (!wire_missing(s->conn.wire) || s->conn.close_received)
			break;
		/* The rest of the record is still on the socket; libssl asks for just that. */
		ret = wire_use_socket(s->conn.wire, s->fd, false);
		if (ret <= 0)
			return ret ? ret : -EAGAIN;
	}
	return 0;
}

/* What stays in user space goes over the socket too: a BIO pair is no longer served. */
static int session_leave(struct tlsring_session *s)
{
	int ret = 0;

	if (!session_kernel(s, KTLS_TX) && !s->conn.wire->diverted)
		ret = wire_flush(s->conn.wire) ? wire_use_socket(s->conn.wire, s->fd, true) : -EBUSY;
	if (ret >= 0 && !session_kernel(s, KTLS_RX))
		ret = wire_use_socket(s->conn.wire, s->fd, false);
	return ret < 0 ? ret : 0;
}

int tlsring_session_handover(struct tlsring_session *s)
{
	struct conn *conn = &s->conn;
	int ret;

	if (conn->state == CONN_FAILED)
		return session_result(s);
	if (conn_handed(conn))
		return session_leave(s);
	if (!wire_flush(conn->wire))
		return -EBUSY;
	ret = session_drain(s);
	if (ret)
		return ret;
	conn_hand_over(conn);
	if (conn_installable(conn))
		handover_install(conn, s->fd);
	if (conn->state == CONN_FAILED)
		return session_result(s);
	return conn_handed(conn) ? session_leave(s) : -EAGAIN;
}

/* ---- receiving ---- */

static ssize_t session_recv_user(struct tlsring_session *s, void *buf, size_t len)
{
	size_t got = conn_read(&s->conn, buf, len);

	if (got)
		return (ssize_t)got;
	if (s->conn.state == CONN_FAILED)
		return session_result(s);
	session_flush(s);
	return s->conn.close_received ? 0 : -EAGAIN;
}

static int session_recv_error(struct tlsring_session *s, int error)
{
	ktls_control_excuse(s->fd);
	if (!conn_record_error(&s->conn, error))
		return session_result(s);
	handover_rekey(&s->conn, s->fd, KTLS_RX);
	return 0;
}

/* One recvmsg. Bytes of application data, 0 for a control record, or what ends it. */
static ssize_t session_recv_record(struct tlsring_session *s, void *buf, size_t len)
{
	int type, flags;
	long got = ktls_control_recv(s->fd, buf, len, &type, &flags);

	if (got == -EAGAIN || got == -EINTR)
		return got;
	if (got < 0)
		return session_recv_error(s, (int)got);
	if (!got && !(flags & MSG_EOR)) {
		conn_fin(&s->conn);
		return -EPIPE;
	}
	if (conn_record(&s->conn, type, buf, (size_t)got, flags & MSG_EOR))
		return got;
	if (s->conn.state == CONN_FAILED)
		return session_result(s);
	/* An answer that finds no room now goes out with the next call. */
	session_flush(s);
	return s->conn.rx_over ? -EKEYEXPIRED : 0;
}

ssize_t tlsring_session_recv(struct tlsring_session *s, void *buf, size_t len)
{
	ssize_t got;

	if (s->early_given < s->early_len) {
		size_t left = s->early_len - s->early_given;

		got = (ssize_t)(len < left ? len : left);
		memcpy(buf, s->early + s->early_given, (size_t)got);
		s->early_given += (size_t)got;
		if (s->early_given < s->early_len)
			return got;
		free(s->early);
		s->early = NULL;
		s->early_len = s->early_given = 0;
		return got;
	}
	for (;;) {
		if (s->conn.close_received || !len)
			return 0;
		if (s->conn.state == CONN_FAILED)
			return session_result(s);
		if (s->conn.fin_received)
			return -EPIPE;
		if (s->conn.rx_over)
			return -EKEYEXPIRED;
		if (!session_kernel(s, KTLS_RX))
			return session_recv_user(s, buf, len);
		got = session_recv_record(s, buf, len);
		if (got)
			return got;
	}
}

int tlsring_session_control(struct tlsring_session *s)
{
	uint8_t buf[2048];
	int type, flags;
	long got;

	if (!session_kernel(s, KTLS_RX))
		return -EAGAIN;
	got = ktls_control_peek(s->fd, &type);
	if (got < 0 && got != -EAGAIN) {
		int ret = session_recv_error(s, (int)got);

		return ret ? ret : session_flush(s);
	}
	if (got < 0 || type == KTLS_RECORD_APPLICATION)
		return -EAGAIN;
	do {
		got = ktls_control_recv(s->fd, buf, sizeof(buf), &type, &flags);
		if (got < 0)
			return (int)got;
		conn_record(&s->conn, type, buf, (size_t)got, flags & MSG_EOR);
		if (s->conn.state == CONN_FAILED)
			return session_result(s);
	} while (!(flags & MSG_EOR));
	session_flush(s);
	return s->conn.rx_over ? -EKEYEXPIRED : s->conn.close_received;
}

/* ---- sending ---- */

static int session_sendable(struct tlsring_session *s)
{
	if (s->conn.state == CONN_FAILED)
		return session_result(s);
	return s->conn.close_sent ? -EPIPE : 0;
}

int tlsring_session_sent(struct tlsring_session *s, uint64_t bytes)
{
	int ret = session_sendable(s);

	if (ret || !session_kernel(s, KTLS_TX))
		return ret;
	if (!conn_account(&s->conn, bytes))
		return -EKEYEXPIRED;
	return session_flush(s);
}

ssize_t tlsring_session_send(struct tlsring_session *s, const void *buf, size_t len)
{
	ssize_t ret = session_sendable(s);

	if (ret)
		return ret;
	if (!session_kernel(s, KTLS_TX)) {
		ret = record_write(s->conn.wire, buf, len);
		if (ret < 0 && ret != -EAGAIN)
			conn_fail(&s->conn, (int)ret, s->conn.wire->detail);
		return ret;
	}
	ret = session_flush(s);
	if (ret)
		return ret;
	do {
		ret = send(s->fd, buf, len, MSG_NOSIGNAL);
	} while (ret < 0 && errno == EINTR);
	if (ret < 0)
		return -errno;
	/* What is due now goes before the next data. */
	return conn_account(&s->conn, (uint64_t)ret) ? ret : -EKEYEXPIRED;
}

int tlsring_session_update(struct tlsring_session *s, bool request)
{
	int ret = session_sendable(s);

	if (ret)
		return ret;
	if (!conn_updatable(&s->conn))
		return -EOPNOTSUPP;
	conn_update(&s->conn, request);
	return session_flush(s);
}

int tlsring_session_close(struct tlsring_session *s)
{
	int ret;

	if (s->conn.state == CONN_FAILED)
		return session_result(s);
	conn_close(&s->conn);
	ret = session_kernel(s, KTLS_TX) ? ktls_control_last(s->fd) : 0;
	if (!ret)
		ret = session_flush(s);
	if (ret)
		return ret;
	if (!session_kernel(s, KTLS_TX)) {
		/* Again where the socket had no room for it. */
		ret = s->conn.wire->diverted ? 0 : record_close(s->conn.wire);
		if (ret)
			return ret;
		if (!wire_flush(s->conn.wire))
			return -EAGAIN;
		/* libssl would answer a KeyUpdate on a socket that takes nothing any more. */
		if (wire_divert(s->conn.wire, false))
			return -ENOMEM;
	}
	return shutdown(s->fd, SHUT_WR) && errno != ENOTCONN ? -errno : 0;
}

int tlsring_session_info(const struct tlsring_session *s, struct tlsring_info *info)
{
	socklen_t len = sizeof(info->peer);
	int ret = conn_info(&s->conn, info);

	if (ret)
		return ret;
	info->fd = s->fd;
	memset(&info->peer, 0, sizeof(info->peer));
	return getpeername(s->fd, (struct sockaddr *)&info->peer, &len) ? -errno : 0;
}
