// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "ktls/algorithms.h"
#include "ktls/control.h"
#include "lib/tls/control.h"
#include "lib/tls/handshake.h"
#include "lib/tls/libssl.h"
#include "lib/tls/machine.h"
#include "lib/tls/record.h"

static void conn_paths(struct conn *conn, enum tlsring_reason why)
{
	for (int dir = KTLS_TX; dir <= KTLS_RX; dir++)
		conn->dir[dir] = (struct conn_path){ TLSRING_PATH_USER, (uint8_t)why };
}

/* The keys stay in user space for good. */
static void conn_stay(struct conn *conn, enum tlsring_reason why)
{
	conn_paths(conn, why);
	if (conn->ctx->offload == TLSRING_OFFLOAD_REQUIRE)
		conn_fail(conn, -EOPNOTSUPP, tlsring_reason_text(why));
	else
		conn->state = CONN_OPEN;
}

/* Why the kernel will not have the keys, as far as that is known without trying. */
static enum tlsring_reason conn_refusal(const struct conn *conn)
{
	const struct ktls_caps *caps = conn->ctx->caps;

	if (conn->version >= KTLS_TLS13 && conn->ctx->long_lived &&
	    !(caps->rekey_tx && caps->rekey_rx))
		return context_refusal(conn->ctx) ? context_refusal(conn->ctx) : TLSRING_REASON_NO_REKEY;
	return context_refusal(conn->ctx);
}

void conn_hand_over(struct conn *conn)
{
	enum tlsring_reason why = conn_refusal(conn);

	if (why)
		conn_stay(conn, why);
	else
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

/* ---- the keys leave the SSL ---- */

/* A client's tickets of TLS 1.3 come after the handshake, and libssl is to see them. */
static bool conn_wants_tickets(const struct conn *conn)
{
	return !conn->server && conn->version >= KTLS_TLS13 && handshake_caches(conn->wire);
}

/* The SSL is only kept where it has tickets to come. Its copies of the secrets are wiped as they
 * become useless. */
static void conn_release(struct conn *conn)
{
	conn->tickets = conn_wants_tickets(conn);
	handshake_wipe(conn->wire, conn->session, KTLS_TX);
	if (conn->tickets) {
		if (wire_divert(conn->wire))
			conn_fail(conn, -ENOMEM, NULL);
		return;
	}
	handshake_wipe(conn->wire, conn->session, KTLS_RX);
	wire_free(conn->wire);
	conn->wire = NULL;
}

/* Has the caller's library context the cipher? Where not, libssl goes on. */
static bool conn_can_seal(struct conn *conn)
{
	if (ktls_algorithms_aead(conn->session->algorithms, conn->session->cipher))
		return true;
	ktls_session_free(conn->session);
	conn->session = NULL;
	return false;
}

/* The records are ours from here on. */
static void conn_take_over(struct conn *conn)
{
	conn->ticket_seq = conn->session->dir[KTLS_RX].seq;
	conn->sealed = conn->session->dir[KTLS_TX].seq;
	conn->out_len = wire_take(conn->wire, &conn->out);
	/* libssl has left what follows the handshake. */
	record_feed(conn, conn->wire->in, conn->wire->in_len);
	conn_release(conn);
}

int conn_export(struct conn *conn)
{
	enum tlsring_reason why = TLSRING_REASON_NONE;
	int ret = handshake_export(conn->wire, conn->ctx->algorithms, &conn->session, &why);

	if (ret == -EAGAIN && conn->wire->adopted)
		return ret;
	if (!ret && conn_can_seal(conn)) {
		conn_take_over(conn);
		return 0;
	}
	if (!ret)
		why = TLSRING_REASON_CIPHER_MISSING;
	else if (ret == -EAGAIN)
		why = TLSRING_REASON_NO_SECRETS;
	if (ret && ret != -EAGAIN && ret != -EOPNOTSUPP)
		conn_fail(conn, ret, "the keys could not be exported");
	else
		conn_stay(conn, conn_refusal(conn) ? conn_refusal(conn) : why);
	return 0;
}

/* The handshake is over. */
static void conn_open(struct conn *conn)
{
	conn_paths(conn, TLSRING_REASON_NOT_YET);
	conn->state = CONN_OPEN;
	conn_export(conn);
	if (conn->state == CONN_OPEN && !conn_handed(conn) &&
	    (conn->ctx->when == TLSRING_AT_ONCE || conn_refusal(conn)))
		conn_hand_over(conn);
}

/* End a handshake that failed. A client that speaks HTTP is told so in HTTP. */
static void conn_shake_failed(struct conn *conn, int result)
{
	const char *response = conn->ctx->http_response;

	if (conn->wire->http && response)
		(void)wire_put(conn->wire, response, strlen(response));
	conn_fail(conn, result, conn->wire->detail);
}

static void conn_shake(struct conn *conn)
{
	int ret = handshake_step(conn->wire);

	if (ret == -EAGAIN)
		return;
	if (ret) {
		conn_shake_failed(conn, ret);
		return;
	}
	if (conn->state == CONN_HANDSHAKE)
		conn_learn(conn);
	conn_settle_early(conn);
	if (conn->state != CONN_FAILED)
		conn_open(conn);
}

bool conn_handed(const struct conn *conn)
{
	return conn->dir[KTLS_TX].reason != TLSRING_REASON_NOT_YET;
}

static void conn_init(struct conn *conn, struct tlsring_ctx *ctx, bool server)
{
	*conn = (struct conn){ .ctx = context_hold(ctx), .server = server };
	conn_paths(conn, TLSRING_REASON_NONE);
}

static int conn_wire(struct conn *conn)
{
	int ret = wire_new(&conn->wire, conn->ctx->ssl, conn->server);

	if (!ret)
		conn->wire->owner = conn;
	return ret;
}

void conn_accept(struct conn *conn, struct tlsring_ctx *ctx)
{
	conn_init(conn, ctx, true);
	conn->early_reading = ctx->early_data;
}

int conn_connect(struct conn *conn, struct tlsring_ctx *ctx,
		 const struct tlsring_connect_options *options)
{
	int ret;

	conn_init(conn, ctx, false);
	ret = conn_wire(conn);
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

void conn_adopt(struct conn *conn, struct tlsring_ctx *ctx, struct wire *wire)
{
	*conn = (struct conn){ .ctx = context_hold(ctx), .wire = wire, .state = CONN_OPEN };
	conn_paths(conn, TLSRING_REASON_NOT_YET);
	conn_learn(conn);
}

void conn_wipe(struct conn *conn)
{
	if (conn->tickets)
		handshake_wipe(conn->wire, conn->session, KTLS_RX);
	wire_free(conn->wire);
	record_unkey(conn, KTLS_TX);
	record_unkey(conn, KTLS_RX);
	ktls_session_free(conn->session);
	record_drop(conn);
	free(conn->kept);
	free(conn->out);
	free(conn->message);
	free(conn->alpn);
	free(conn->server_name);
	tlsring_ctx_free(conn->ctx);
	conn->ctx = NULL;
	conn->wire = NULL;
	conn->session = NULL;
	conn->kept = NULL;
	conn->out = NULL;
	conn->message = NULL;
	conn->alpn = NULL;
	conn->server_name = NULL;
}

void conn_feed(struct conn *conn, void *data, size_t len)
{
	if (conn->session) {
		record_feed(conn, data, len);
		return;
	}
	/* A client that connects and says nothing costs no SSL. */
	if (!conn->wire && conn_wire(conn)) {
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
		conn_shake_failed(conn, (int)got);
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

static size_t conn_read_libssl(struct conn *conn, void *buf, size_t len)
{
	ssize_t got = libssl_open(conn->wire, buf, len);

	if (got < 0) {
		conn_fail(conn, (int)got, conn->wire->detail);
		return 0;
	}
	conn->close_received |= conn->wire->closed;
	return (size_t)got;
}

static size_t conn_read_records(struct conn *conn, const uint8_t **data)
{
	struct ktls_opened opened;
	int ret = 0;

	while (conn_alive(conn) && !conn->close_received && (ret = record_next(conn, &opened)) > 0)
		if (conn_record(conn, opened.type, opened.data, opened.len, true) && opened.len) {
			*data = opened.data;
			return opened.len;
		}
	if (ret < 0)
		conn_record_error(conn, ret);
	/* Data after close_notify is ignored (RFC 8446, 6.1). */
	if (conn->close_received || ret < 0)
		record_drop(conn);
	return 0;
}

static bool conn_suspended(const struct conn *conn)
{
	return conn->state <= CONN_EARLY && conn->wire && conn->wire->suspended;
}

bool conn_resume(struct conn *conn)
{
	if (!conn_suspended(conn))
		return false;
	if (!conn->early_reading)
		conn_shake(conn);
	return true;
}

/* What a suspended handshake has not read is only lent: keep it. */
static void conn_keep(struct conn *conn)
{
	size_t len = conn->wire->in_len;
	uint8_t *kept = malloc(len);

	if (!kept) {
		conn_fail(conn, -ENOMEM, NULL);
		return;
	}
	memcpy(kept, conn->wire->in, len);
	free(conn->kept);
	conn->kept = kept;
	wire_feed(conn->wire, kept, len);
}

static size_t conn_read_now(struct conn *conn, void *buf, size_t len, const uint8_t **data)
{
	size_t got;

	*data = buf;
	if (conn->early_reading && conn->state <= CONN_EARLY) {
		got = conn_read_early(conn, buf, len);
		if (got)
			return got;
	}
	if (!conn_alive(conn))
		return 0;
	return conn->session ? conn_read_records(conn, data) : conn_read_libssl(conn, buf, len);
}

size_t conn_read(struct conn *conn, void *buf, size_t len, const uint8_t **data)
{
	size_t got = conn_read_now(conn, buf, len, data);

	if (!got && conn_suspended(conn) && conn->wire->in_len)
		conn_keep(conn);
	return got;
}

size_t conn_receivable(const struct conn *conn)
{
	if (conn_suspended(conn))
		return 0;
	if (conn->state == CONN_HANDOVER)
		return record_missing(conn);
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
	size_t len;

	if (!conn->session)
		return conn->wire ? wire_take(conn->wire, out) : 0;
	if (record_own(conn, KTLS_TX))
		control_seal(conn);
	len = conn->out_len;
	if (len) {
		*out = conn->out;
		conn->out = NULL;
		conn->out_len = 0;
	}
	return len;
}

bool conn_installable(const struct conn *conn)
{
	return conn->state == CONN_HANDOVER && !conn->due && !conn->out_len && !conn->in_len &&
	       !record_missing(conn);
}

void conn_installed(struct conn *conn, enum ktls_direction dir, int result, enum tlsring_reason why)
{
	conn->dir[dir].path = result ? TLSRING_PATH_USER : TLSRING_PATH_KERNEL;
	conn->dir[dir].reason = (uint8_t)why;
	if (!result)
		record_unkey(conn, dir);
}

/* A secret is only needed again for the next key, and a client's RX one to show tickets to libssl.
 */
static bool conn_needs_secret(const struct conn *conn, enum ktls_direction dir)
{
	const struct ktls_caps *caps = conn->ctx->caps;

	/* The number of the next record stands beside it. */
	if (record_own(conn, dir))
		return true;
	if (conn->version < KTLS_TLS13)
		return false;
	if (dir == KTLS_RX && conn->tickets)
		return true;
	return dir == KTLS_TX ? caps->rekey_tx : caps->rekey_rx;
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
	conn->state = CONN_OPEN;
	conn->sealed = conn->session->dir[KTLS_TX].seq;
	for (int dir = KTLS_TX; dir <= KTLS_RX; dir++)
		if (!conn_needs_secret(conn, dir))
			ktls_session_forget(conn->session, dir);
	if (conn->ctx->offload == TLSRING_OFFLOAD_REQUIRE && conn_short_of(conn))
		conn_fail(conn, -EOPNOTSUPP, tlsring_reason_text(conn_short_of(conn)));
}

static int conn_seal_records(struct conn *conn, const void *data, size_t len)
{
	int ret;

	if (!conn_account(conn, len)) {
		conn_fail(conn, -EKEYEXPIRED, CONN_KEY_USED_UP);
		return -EKEYEXPIRED;
	}
	ret = len ? record_seal(conn, KTLS_RECORD_APPLICATION, data, len) : 0;
	if (ret)
		conn_fail(conn, ret, NULL);
	return ret;
}

int conn_seal(struct conn *conn, const void *data, size_t len)
{
	int ret;

	if (conn->session)
		return conn_seal_records(conn, data, len);
	if (conn->state == CONN_EARLY)
		ret = libssl_seal_early(conn->wire, data, len);
	else
		ret = libssl_seal(conn->wire, data, len);
	if (ret)
		conn_fail(conn, ret, conn->wire->detail);
	return ret;
}

void conn_close(struct conn *conn)
{
	if (conn->close_sent || conn->state != CONN_OPEN)
		return;
	conn->close_sent = true;
	if (conn->session) {
		conn->due |= CONN_DUE_ALERT;
		conn->alert = KTLS_ALERT_CLOSE_NOTIFY;
	} else {
		libssl_close(conn->wire);
	}
}

int conn_info(const struct conn *conn, struct tlsring_info *info)
{
	const struct conn_path *tx = &conn->dir[KTLS_TX], *rx = &conn->dir[KTLS_RX];

	if (!info || info->size < sizeof(*info))
		return -EINVAL;
	if (!conn->cipher)
		return -ENOTCONN;
	info->version = ktls_version_name(conn->version);
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
