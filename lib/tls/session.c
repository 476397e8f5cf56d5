// SPDX-License-Identifier: MIT
/*
 * A connection in the caller's own loop: what the engine does with a ring, done with the socket.
 * Before the hand-over libssl reads and writes, over whatever transport the SSL has. After it the
 * session does, on fd.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "ktls/control.h"
#include "lib/tls/control.h"
#include "lib/tls/handover.h"
#include "lib/tls/handshake.h"
#include "lib/tls/libssl.h"
#include "lib/tls/machine.h"
#include "lib/tls/record.h"
#include "lib/tlsring.h"

#define SESSION_EARLY	16384
#define SESSION_IN (32 * 1024) /* bytes received at once, while records are opened here */
#define SESSION_SEAL (64 * 1024) /* bytes sealed at once, at most */

struct tlsring_session {
	struct conn conn;
	uint8_t *early;			/* owned: opened before the hand-over, not given out yet */
	size_t early_len, early_given;
	uint8_t *in; /* owned: received, being opened; NULL: nothing is */
	const uint8_t *plain; /* opened, in `in` or the connection's memory, not given out yet */
	size_t plain_len;
	uint8_t *out; /* owned: sealed records that the socket had no room for */
	size_t out_len, out_sent;
	size_t taken; /* bytes of the caller's that are sealed in there, and not reported yet */
	int fd;				/* the caller's */
};

static bool session_kernel(const struct tlsring_session *s, enum ktls_direction dir)
{
	return s->conn.dir[dir].path != TLSRING_PATH_USER;
}

int tlsring_session_new(struct tlsring_session **out, struct tlsring_ctx *ctx,
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
	free(s->in);
	free(s->out);
	free(s);
}

/* ---- records to the socket ---- */

/* Send what waits in s->out. 0 or -errno. */
static int session_push(struct tlsring_session *s, int flags)
{
	while (s->out_sent < s->out_len) {
		ssize_t sent = send(s->fd, s->out + s->out_sent, s->out_len - s->out_sent,
				    flags | MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -errno;
		s->out_sent += (size_t)sent;
	}
	free(s->out);
	s->out = NULL;
	s->out_len = s->out_sent = 0;
	return 0;
}

/* Records that were sealed here: what waits, then what is due. */
static int session_flush_own(struct tlsring_session *s, int flags)
{
	int ret = session_push(s, flags);

	if (ret)
		return ret;
	s->out_len = conn_output(&s->conn, &s->out);
	return session_push(s, flags);
}

/*
 * Control records that are due go out, and the keys that belong to them in. flags: MSG_DONTWAIT
 * where the call must not wait for room, say in the midst of receiving. 0 or -errno.
 */
static int session_flush(struct tlsring_session *s, int flags)
{
	struct conn *conn = &s->conn;
	uint8_t buf[8], type;
	size_t len;
	long ret;

	handover_rekey(conn, s->fd, KTLS_RX);
	if (record_own(conn, KTLS_TX))
		return session_flush_own(s, flags);
	while ((type = conn_control(conn, buf, &len))) {
		ret = ktls_control_send(s->fd, type, buf, len, flags);
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
	session_flush(s, MSG_DONTWAIT);
	return s->conn.result;
}

/* ---- the hand-over ---- */

/* What libssl has in its hands becomes plaintext here. -EAGAIN: it needs more from the socket. */
static int session_drain(struct tlsring_session *s)
{
	const uint8_t *data;
	int ret;

	while (wire_pending(s->conn.wire) && s->conn.state != CONN_FAILED &&
	       !s->conn.close_received) {
		uint8_t *larger = realloc(s->early, s->early_len + SESSION_EARLY);
		size_t got;

		if (!larger)
			return -ENOMEM;
		s->early = larger;
		got = conn_read(&s->conn, s->early + s->early_len, SESSION_EARLY, &data);
		s->early_len += got;
		if (got)
			continue;
		if (s->conn.state == CONN_FAILED)
			return s->conn.result;
		if (!wire_pending(s->conn.wire) || s->conn.close_received)
			break;
		/* The rest of the record is still on the socket; libssl asks for just that. */
		ret = wire_use_socket(s->conn.wire, s->fd, false);
		if (ret <= 0)
			return ret ? ret : -EAGAIN;
	}
	return 0;
}

/* What libssl goes on sealing and opening goes over the socket too: a BIO pair is no longer served.
 */
static int session_leave(struct tlsring_session *s)
{
	int ret;

	if (s->conn.session)
		return 0;
	ret = wire_flush(s->conn.wire) ? wire_use_socket(s->conn.wire, s->fd, true) : -EBUSY;
	if (ret >= 0)
		ret = wire_use_socket(s->conn.wire, s->fd, false);
	return ret < 0 ? ret : 0;
}

/* The keys leave the SSL. As tlsring_session_handover(). */
static int session_export(struct tlsring_session *s)
{
	int ret;

	if (!wire_flush(s->conn.wire))
		return -EBUSY;
	ret = session_drain(s);
	if (ret)
		return ret;
	if (!s->conn.close_sent)
		libssl_settle(s->conn.wire);
	return conn_export(&s->conn);
}

int tlsring_session_handover(struct tlsring_session *s)
{
	struct conn *conn = &s->conn;
	int ret;

	if (conn->state == CONN_FAILED)
		return session_result(s);
	if (conn_handed(conn))
		return session_leave(s);
	ret = session_export(s);
	if (ret)
		return ret;
	if (!conn_handed(conn) && conn->state != CONN_FAILED)
		conn_hand_over(conn);
	if (conn_installable(conn))
		handover_install(conn, s->fd);
	return conn->state == CONN_FAILED ? session_result(s) : session_leave(s);
}

/* ---- receiving ---- */

static ssize_t session_recv_libssl(struct tlsring_session *s, void *buf, size_t len)
{
	const uint8_t *data;
	size_t got = conn_read(&s->conn, buf, len, &data);

	if (got)
		return (ssize_t)got;
	if (s->conn.state == CONN_FAILED)
		return session_result(s);
	return s->conn.close_received ? 0 : -EAGAIN;
}

/* Give out what was opened. Its memory goes with the next record. */
static ssize_t session_give(struct tlsring_session *s, void *buf, size_t len)
{
	size_t given = len < s->plain_len ? len : s->plain_len;

	memcpy(buf, s->plain, given);
	s->plain += given;
	s->plain_len -= given;
	return (ssize_t)given;
}

/* One receive. 0 or what ends it. */
static int session_fill(struct tlsring_session *s)
{
	ssize_t got;

	if (!s->in)
		s->in = malloc(SESSION_IN);
	if (!s->in)
		return -ENOMEM;
	do {
		got = recv(s->fd, s->in, SESSION_IN, 0);
	} while (got < 0 && errno == EINTR);
	if (got > 0) {
		conn_feed(&s->conn, s->in, (size_t)got);
		return 0;
	}
	got = got < 0 ? -errno : -EPIPE;
	free(s->in);
	s->in = NULL;
	if (got == -EPIPE)
		conn_fin(&s->conn);
	return (int)got;
}

/* Opened here. Bytes; 0: look again; or what ends it. */
static ssize_t session_recv_own(struct tlsring_session *s, void *buf, size_t len)
{
	if (!s->plain_len)
		s->plain_len = conn_read(&s->conn, NULL, 0, &s->plain);
	if (s->plain_len)
		return session_give(s, buf, len);
	/* An answer that finds no room now goes out with the next call. */
	session_flush(s, MSG_DONTWAIT);
	if (s->conn.state == CONN_FAILED || s->conn.close_received)
		return 0;
	return session_fill(s);
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
	session_flush(s, MSG_DONTWAIT);
	return s->conn.rx_over ? -EKEYEXPIRED : 0;
}

/* What was opened before the hand-over. */
static ssize_t session_recv_early(struct tlsring_session *s, void *buf, size_t len)
{
	size_t left = s->early_len - s->early_given, got = len < left ? len : left;

	memcpy(buf, s->early + s->early_given, got);
	s->early_given += got;
	if (got < left)
		return (ssize_t)got;
	free(s->early);
	s->early = NULL;
	s->early_len = s->early_given = 0;
	return (ssize_t)got;
}

static ssize_t session_recv_once(struct tlsring_session *s, void *buf, size_t len)
{
	if (session_kernel(s, KTLS_RX))
		return session_recv_record(s, buf, len);
	return s->conn.session ? session_recv_own(s, buf, len) : session_recv_libssl(s, buf, len);
}

ssize_t tlsring_session_recv(struct tlsring_session *s, void *buf, size_t len)
{
	ssize_t got;

	if (s->early_given < s->early_len)
		return session_recv_early(s, buf, len);
	for (;;) {
		if (!len)
			return 0;
		if (s->plain_len)
			return session_give(s, buf, len);
		if (s->conn.close_received)
			return 0;
		if (s->conn.state == CONN_FAILED)
			return session_result(s);
		if (s->conn.fin_received)
			return -EPIPE;
		if (s->conn.rx_over)
			return -EKEYEXPIRED;
		got = session_recv_once(s, buf, len);
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

		return ret ? ret : session_flush(s, MSG_DONTWAIT);
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
	session_flush(s, MSG_DONTWAIT);
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
	return session_flush(s, 0);
}

static ssize_t session_send_libssl(struct tlsring_session *s, const void *buf, size_t len)
{
	ssize_t ret = libssl_write(s->conn.wire, buf, len);

	if (ret < 0 && ret != -EAGAIN)
		conn_fail(&s->conn, (int)ret, s->conn.wire->detail);
	return ret;
}

static ssize_t session_send_kernel(struct tlsring_session *s, const void *buf, size_t len)
{
	ssize_t ret = session_flush(s, 0);

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

/*
 * Sealed here. Bytes count as sent when the socket has taken all of their records: of what it has
 * not the caller comes back with the same bytes, which are then not sealed once more.
 */
static ssize_t session_send_own(struct tlsring_session *s, const void *buf, size_t len)
{
	ssize_t ret = session_flush(s, 0);

	if (ret)
		return ret;
	if (!s->taken) {
		s->taken = len < SESSION_SEAL ? len : SESSION_SEAL;
		if (conn_seal(&s->conn, buf, s->taken))
			return session_result(s);
		ret = session_flush(s, 0);
		if (ret)
			return ret;
	}
	ret = (ssize_t)s->taken;
	s->taken = 0;
	return ret;
}

ssize_t tlsring_session_send(struct tlsring_session *s, const void *buf, size_t len)
{
	int ret = session_sendable(s);

	if (ret || !len)
		return ret;
	if (session_kernel(s, KTLS_TX))
		return session_send_kernel(s, buf, len);
	return s->conn.session ? session_send_own(s, buf, len) : session_send_libssl(s, buf, len);
}

int tlsring_session_update(struct tlsring_session *s, bool request)
{
	int ret = session_sendable(s);

	if (ret)
		return ret;
	if (!conn_updatable(&s->conn))
		return -EOPNOTSUPP;
	if (!s->conn.session)
		return libssl_update(s->conn.wire, request);
	conn_update(&s->conn, request);
	return session_flush(s, 0);
}

/* Before the hand-over, and where libssl goes on sealing. */
static int session_close_libssl(struct tlsring_session *s)
{
	int ret = libssl_close(s->conn.wire);

	if (ret)
		return ret;
	s->conn.close_sent = true;
	return wire_flush(s->conn.wire) ? 0 : -EAGAIN;
}

int tlsring_session_close(struct tlsring_session *s)
{
	int ret;

	if (s->conn.state == CONN_FAILED)
		return session_result(s);
	if (!s->conn.session) {
		ret = session_close_libssl(s);
	} else {
		conn_close(&s->conn);
		ret = session_kernel(s, KTLS_TX) ? ktls_control_last(s->fd) : 0;
		if (!ret)
			ret = session_flush(s, 0);
	}
	if (ret)
		return ret;
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
