// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "ktls/control.h"
#include "lib/tls/control.h"
#include "lib/tls/handshake.h"
#include "lib/tls/machine.h"
#include "lib/tls/record.h"

#define CONN_RECEIVE_MAX	(16384 + 512)

static void conn_paths(struct conn *conn, enum tlsring_reason why)
{
	for (int dir = KTLS_TX; dir <= KTLS_RX; dir++)
		conn->dir[dir] = (struct conn_path){ TLSRING_PATH_USER, (uint8_t)why };
}

/* The keys stay in user space. */
static void conn_stay(struct conn *conn, enum tlsring_reason why)
{
	conn_paths(conn, why);
	if (conn->ctx->offload == TLSRING_OFFLOAD_REQUIRE)
		conn_fail(conn, -EOPNOTSUPP, tlsring_reason_text(why));
	else
		conn->state = CONN_OPEN;
}

/* What can be known without trying. */
static enum tlsring_reason conn_refusal(const struct conn *conn)
{
	const struct ktls_caps *caps = conn->ctx->caps;

	if (conn->version >= 0x0304 && conn->ctx->long_lived && !(caps->rekey_tx && caps->rekey_rx))
		return context_refusal(conn->ctx) ? context_refusal(conn->ctx) : TLSRING_REASON_NO_REKEY;
	return context_refusal(conn->ctx);
}

void conn_hand_over(struct conn *conn)
{
	enum tlsring_reason why = conn_refusal(conn);

	if (why) {
		conn_stay(conn, why);
		return;
	}
	if (!conn->close_sent)
		record_settle(conn->wire);
	conn->state = CONN_HANDOVER;
}

/* What the handshake agreed on: the SSL may not live long enough to be asked later. */
static void conn_learn(struct conn *conn)
{
	handshake_result(conn->wire, &conn->cipher, &conn->version, &conn->server);
	conn->resumed = handshake_resumed(conn->wire);
	if (handshake_alpn(conn->wire, &conn->alpn) ||
	    (conn->server && handshake_server_name(conn->wire, &conn->server_name)))
		conn_fail(conn, -ENOMEM, NULL);
}

/* Early data that the server did not take comes again, as the first data of all. */
static void conn_settle_early(struct conn *conn)
{
	conn->early_taken |= handshake_took_early(conn->wire);
	if (conn->early_len && !(conn->early_sent && conn->early_taken))
		conn_seal(conn, conn->early, conn->early_len);
	conn->early = NULL;
	conn->early_len = 0;
}

static void conn_shake(struct conn *conn)
{
	int ret = handshake_step(conn->wire);

	if (ret == -EAGAIN)
		return;
	if (ret) {
		conn_fail(conn, ret, conn->wire->detail);
		return;
	}
	if (conn->state == CONN_HANDSHAKE)
		conn_learn(conn);
	conn_settle_early(conn);
	if (conn->state == CONN_FAILED)
		return;
	if (conn->ctx->when == TLSRING_AT_ONCE || conn_refusal(conn)) {
		conn_hand_over(conn);
	} else {
		conn_paths(conn, TLSRING_REASON_NOT_YET);
		conn->state = CONN_OPEN;
	}
}

bool conn_handed(const struct conn *conn)
{
	return conn->dir[KTLS_TX].reason != TLSRING_REASON_NOT_YET;
}

static void conn_init(struct conn *conn, const struct tlsring_ctx *ctx, bool server)
{
	*conn = (struct conn){ .ctx = ctx, .server = server };
	conn_paths(conn, TLSRING_REASON_NONE);
}

void conn_accept(struct conn *conn, const struct tlsring_ctx *ctx)
{
	conn_init(conn, ctx, true);
	conn->early_reading = ctx->early_data;
}

int conn_connect(struct conn *conn, const struct tlsring_ctx *ctx,
		 const struct tlsring_connect_options *options)
{
	int ret;

	conn_init(conn, ctx, false);
	ret = wire_new(&conn->wire, ctx->ssl, false);
	if (!ret)
		ret = handshake_aim(conn->wire, options->server_name, options->session);
	if (ret)
		return ret;
	conn->early = options->early;
	conn->early_len = options->early_len;
	if (conn->early_len)
		conn->early_sent = handshake_send_early(conn->wire, conn->early, conn->early_len);
	conn_shake(conn);
	return 0;
}

void conn_adopt(struct conn *conn, const struct tlsring_ctx *ctx, struct wire *wire)
{
	*conn = (struct conn){ .ctx = ctx, .wire = wire, .state = CONN_OPEN };
	conn_paths(conn, TLSRING_REASON_NOT_YET);
	conn_learn(conn);
}

void conn_wipe(struct conn *conn)
{
	if (conn->tickets)
		handshake_wipe(conn->wire, conn->session, KTLS_RX);
	wire_free(conn->wire);
	ktls_session_free(conn->session);
	free(conn->message);
	free(conn->alpn);
	free(conn->server_name);
	conn->wire = NULL;
	conn->session = NULL;
	conn->message = NULL;
	conn->alpn = NULL;
	conn->server_name = NULL;
}

void conn_feed(struct conn *conn, const void *data, size_t len)
{
	/* Who connects and says nothing costs no SSL. */
	if (!conn->wire && wire_new(&conn->wire, conn->ctx->ssl, true)) {
		conn_fail(conn, -ENOMEM, NULL);
		return;
	}
	wire_feed(conn->wire, data, len);
	if (conn->state <= CONN_EARLY && !conn->early_reading)
		conn_shake(conn);
}

/* Early data, or what the handshake comes to when there is no more of it. */
static size_t conn_read_early(struct conn *conn, void *buf, size_t len)
{
	bool over;
	ssize_t got = handshake_read_early(conn->wire, buf, len, &over);

	if (got < 0) {
		conn_fail(conn, (int)got, conn->wire->detail);
		return 0;
	}
	if (got && conn->state == CONN_HANDSHAKE) {
		conn_learn(conn);
		conn_paths(conn, TLSRING_REASON_NOT_YET);
		conn->early_taken = true;
		if (conn->state != CONN_FAILED)
			conn->state = CONN_EARLY;
	}
	if (over) {
		conn->early_reading = false;
		conn_shake(conn);
	}
	return (size_t)got;
}

/* What libssl writes while the kernel holds the TX key is sealed under a key and a number that
 * the kernel uses too: it must not leave. It can only be the answer to a KeyUpdate, or to a wish to
 * renegotiate, or an alert. */
static void conn_hold_back(struct conn *conn, bool failed)
{
	if (!conn->wire->out_len ||
	    (conn->dir[KTLS_TX].path == TLSRING_PATH_USER && !conn->wire->diverted))
		return;
	wire_discard(conn->wire);
	if (!failed && conn->version >= 0x0304) {
		conn_update(conn, false);
	} else if (!failed) {
		conn_decline(conn);
	} else if (conn->wire->alert_sent >= 0) {
		conn->due |= CONN_DUE_ALERT;
		conn->alert = (uint8_t)conn->wire->alert_sent;
	}
}

size_t conn_read(struct conn *conn, void *buf, size_t len)
{
	ssize_t got;

	if (conn->early_reading && conn->state <= CONN_EARLY) {
		got = (ssize_t)conn_read_early(conn, buf, len);
		if (got)
			return (size_t)got;
	}
	if (conn->state != CONN_OPEN && conn->state != CONN_HANDOVER)
		return 0;
	got = record_open(conn->wire, buf, len);
	conn_hold_back(conn, got < 0);
	if (got < 0) {
		conn_fail(conn, (int)got, conn->wire->detail);
		return 0;
	}
	if (conn->wire->closed)
		conn->close_received = true;
	/* The KeyUpdate that libssl owes must be out before its keys go. */
	if (!got && conn->state == CONN_HANDOVER)
		record_settle(conn->wire);
	return (size_t)got;
}

size_t conn_receivable(const struct conn *conn)
{
	if (conn->state == CONN_HANDOVER)
		return wire_missing(conn->wire);
	return CONN_RECEIVE_MAX;
}

void conn_fin(struct conn *conn)
{
	conn->fin_received = true;
	if (conn->state < CONN_OPEN)
		conn_fail(conn, -EPIPE, "the peer left inside the handshake");
}

size_t conn_output(struct conn *conn, uint8_t **out)
{
	return conn->wire ? wire_take(conn->wire, out) : 0;
}

bool conn_installable(const struct conn *conn)
{
	return conn->state == CONN_HANDOVER && wire_flushed(conn->wire) && !wire_missing(conn->wire);
}

bool conn_export(struct conn *conn)
{
	enum tlsring_reason why = TLSRING_REASON_NONE;
	int ret = handshake_export(conn->wire, &conn->session, &why);

	if (ret == -EOPNOTSUPP)
		conn_stay(conn, why);
	else if (ret && !(ret == -EAGAIN && conn->wire->adopted))
		conn_fail(conn, ret, "the keys could not be exported");
	return !ret;
}

void conn_installed(struct conn *conn, enum ktls_direction dir, int result, enum tlsring_reason why)
{
	conn->dir[dir].path = result ? TLSRING_PATH_USER : TLSRING_PATH_KERNEL;
	conn->dir[dir].reason = (uint8_t)why;
}

/* Tickets of TLS 1.3 come after the hand-over. */
static bool conn_wants_tickets(const struct conn *conn)
{
	return !conn->server && conn->version >= 0x0304 && handshake_caches(conn->wire);
}

/* A secret is only needed again for a rekey, and the RX one to read tickets. */
static void conn_forget(struct conn *conn)
{
	const struct ktls_caps *caps = conn->ctx->caps;
	bool needed[2] = { caps->rekey_tx, caps->rekey_rx || conn_wants_tickets(conn) };

	for (int dir = KTLS_TX; dir <= KTLS_RX; dir++)
		if (conn->dir[dir].path != TLSRING_PATH_USER && !(dir == KTLS_RX && conn_wants_tickets(conn)))
			handshake_wipe(conn->wire, conn->session, dir);
	for (int dir = KTLS_TX; dir <= KTLS_RX; dir++)
		if (conn->version < 0x0304 || !needed[dir] || conn->dir[dir].path == TLSRING_PATH_USER)
			ktls_session_forget(conn->session, dir);
}

/* Both directions are in the kernel: the SSL is only kept where it has tickets to come. */
static void conn_release(struct conn *conn)
{
	if (conn_wants_tickets(conn)) {
		conn->tickets = true;
		if (wire_divert(conn->wire, true))
			conn_fail(conn, -ENOMEM, NULL);
		return;
	}
	wire_free(conn->wire);
	conn->wire = NULL;
}

/* Why a direction that the policy wants in the kernel is not there. */
static enum tlsring_reason conn_short_of(const struct conn *conn)
{
	for (int dir = KTLS_TX; dir <= KTLS_RX; dir++)
		if (conn->dir[dir].path < conn->ctx->least &&
		    conn->dir[dir].reason != TLSRING_REASON_POLICY_OFF)
			return conn->dir[dir].reason;
	return TLSRING_REASON_NONE;
}

void conn_handed_over(struct conn *conn)
{
	const struct conn_path *tx = &conn->dir[KTLS_TX], *rx = &conn->dir[KTLS_RX];

	conn->state = CONN_OPEN;
	if (tx->path == TLSRING_PATH_USER && rx->path == TLSRING_PATH_USER) {
		ktls_session_free(conn->session);
		conn->session = NULL;
	} else {
		conn->sealed = conn->session->dir[KTLS_TX].seq;
		conn_forget(conn);
		if (tx->path != TLSRING_PATH_USER && rx->path != TLSRING_PATH_USER)
			conn_release(conn);
		else if (tx->path != TLSRING_PATH_USER && wire_divert(conn->wire, false))
			conn_fail(conn, -ENOMEM, NULL);
	}
	if (conn->ctx->offload == TLSRING_OFFLOAD_REQUIRE && conn_short_of(conn))
		conn_fail(conn, -EOPNOTSUPP, tlsring_reason_text(conn_short_of(conn)));
}

int conn_seal(struct conn *conn, const void *data, size_t len)
{
	int ret;

	if (conn->state == CONN_EARLY)
		ret = record_seal_early(conn->wire, data, len);
	else
		ret = record_seal(conn->wire, data, len);
	if (ret)
		conn_fail(conn, ret, conn->wire->detail);
	return ret;
}

void conn_close(struct conn *conn)
{
	if (conn->close_sent || conn->state != CONN_OPEN)
		return;
	conn->close_sent = true;
	if (conn->dir[KTLS_TX].path == TLSRING_PATH_USER) {
		record_close(conn->wire);
	} else {
		conn->due |= CONN_DUE_ALERT;
		conn->alert = KTLS_ALERT_CLOSE_NOTIFY;
	}
}

int conn_info(const struct conn *conn, struct tlsring_info *info)
{
	const struct conn_path *tx = &conn->dir[KTLS_TX], *rx = &conn->dir[KTLS_RX];

	if (info->size < sizeof(*info))
		return -EINVAL;
	if (!conn->cipher)
		return -ENOTCONN;
	info->version = conn->version >= 0x0304 ? "TLSv1.3" : "TLSv1.2";
	info->cipher = conn->cipher;
	info->tx = (struct tlsring_direction){ tx->path, tx->reason };
	info->rx = (struct tlsring_direction){ rx->path, rx->reason };
	info->zerocopy = conn->zerocopy;
	info->resumed = conn->resumed;
	info->early = conn->early_taken;
	info->server_name = conn->server_name ? conn->server_name : "";
	info->alpn = conn->alpn ? conn->alpn : "";
	info->tx_updates = conn->rekeys[KTLS_TX];
	info->rx_updates = conn->rekeys[KTLS_RX];
	info->install_ns = conn->install_ns;
	return 0;
}
