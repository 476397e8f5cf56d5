// SPDX-License-Identifier: MIT
/* The connection's side of control records: those the kernel hands up, those it is to send. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "ktls/control.h"
#include "ktls/schedule.h"
#include "lib/tls/control.h"
#include "lib/tls/libssl.h"
#include "lib/tls/record.h"
#include "lib/tls/ticket.h"

#define CONTROL_HELLO_REQUEST		0	/* RFC 5246, 7.4 */
#define CONTROL_CLIENT_HELLO		1
#define CONTROL_NEW_SESSION_TICKET	4	/* RFC 8446, 4 */
#define CONTROL_KEY_UPDATE		24
#define CONTROL_MESSAGE_MAX		(64 * 1024 - 1)
/* Empty records, KeyUpdates, tickets, warnings and wishes to renegotiate in a row: as BoringSSL and
 * rustls have it. */
#define CONTROL_BARREN_MAX 32
/* Java says so once more after each record that it opens under a used-up key, until our next key
 * has come through what was already on its way to it; so many records at most. */
#define CONTROL_CREDIT_MAX	2048
#define CONTROL_MARGIN			(1u << 17)	/* records kept back: at least 2^30 bytes */
#define CONTROL_RECORD			16384

/* End with a fatal alert of our own. */
static void control_refuse(struct conn *conn, uint8_t alert, const char *detail)
{
	if (conn->state == CONN_FAILED)
		return;
	conn_fail(conn, TLSRING_EALERT_SENT(alert), detail);
	conn->due |= CONN_DUE_ALERT;
	conn->alert = alert;
}

/* The level means nothing in TLS 1.3, where user_canceled only says that a close_notify is to follow, as
 * Java does (RFC 8446, 6). */
static bool control_fatal(const struct conn *conn, uint8_t level, uint8_t description)
{
	return conn->version < KTLS_TLS13 ? level == KTLS_ALERT_FATAL :
					    description != KTLS_ALERT_USER_CANCELED;
}

/* One more without content. False: too many, the connection has failed. */
static bool control_barren(struct conn *conn)
{
	if (conn->barren++ < CONTROL_BARREN_MAX)
		return true;
	control_refuse(conn, KTLS_ALERT_UNEXPECTED_MESSAGE,
		       "too many records without content in a row");
	return false;
}

static void control_alert(struct conn *conn, const uint8_t *data, size_t len, bool end)
{
	uint8_t level = conn->alert_level, description;

	if (len == 1 && !level && !end) {
		conn->alert_level = data[0];
		return;
	}
	if (len + !!level != 2) {
		control_refuse(conn, KTLS_ALERT_DECODE_ERROR, "an alert of the wrong length");
		return;
	}
	level = level ? level : data[0];
	description = data[len - 1];
	conn->alert_level = 0;
	if (description == KTLS_ALERT_CLOSE_NOTIFY)
		conn->close_received = true;
	else if (control_fatal(conn, level, description))
		conn_fail(conn, TLSRING_EALERT_RECEIVED(description), ktls_alert_name(description));
	else
		control_barren(conn);
}

/* Can the direction's key be changed? Where it is in the kernel some cannot. */
static bool control_rekeys(const struct conn *conn, enum ktls_direction dir)
{
	const struct ktls_caps *caps = conn->ctx->caps;

	return record_own(conn, dir) || (dir == KTLS_TX ? caps->rekey_tx : caps->rekey_rx);
}

/* Where records are sealed or opened here, the next key is in use at once. */
static void control_rekey(struct conn *conn, enum ktls_direction dir)
{
	if (conn_rekey(conn, dir))
		conn_rekeyed(conn, dir, record_key(conn, dir));
}

/* What follows it is sealed under another key, so not in the same record: it must be the last there. */
static void control_key_update(struct conn *conn, const uint8_t *body, size_t len, bool last)
{
	if (conn->version < KTLS_TLS13) {
		control_refuse(conn, KTLS_ALERT_UNEXPECTED_MESSAGE, "a KeyUpdate in TLS 1.2");
		return;
	}
	if (!last) {
		control_refuse(conn, KTLS_ALERT_UNEXPECTED_MESSAGE, "a KeyUpdate that its record goes on behind");
		return;
	}
	if (len != 1) {
		control_refuse(conn, KTLS_ALERT_DECODE_ERROR, "a KeyUpdate of the wrong length");
		return;
	}
	if (body[0] > 1) {
		control_refuse(conn, KTLS_ALERT_ILLEGAL_PARAMETER, "a KeyUpdate that asks for neither");
		return;
	}
	if (conn->barren == CONTROL_BARREN_MAX && conn->update_credit)
		conn->update_credit--;
	else if (!control_barren(conn))
		return;
	if (!control_rekeys(conn, KTLS_RX)) {
		conn->dir[KTLS_RX].reason = TLSRING_REASON_NO_REKEY;
		conn->rx_over = true;
		return;
	}
	ticket_show(conn, (const uint8_t[]){ CONTROL_KEY_UPDATE, 0, 0, 1, 0 }, 5);
	conn->rekey_rx = true;
	if (record_own(conn, KTLS_RX))
		control_rekey(conn, KTLS_RX);
	if (body[0] == 1)
		conn_update(conn, false);
}

bool conn_updatable(const struct conn *conn)
{
	return conn->version >= KTLS_TLS13 && (!conn->session || control_rekeys(conn, KTLS_TX));
}

void conn_update(struct conn *conn, bool request)
{
	/* After close_notify nothing may follow, and needs to. */
	if (conn->close_sent)
		return;
	if (!conn->session) {
		libssl_update(conn->wire, request);
		return;
	}
	conn->due |= CONN_DUE_KEY_UPDATE;
	conn->update_request |= request;
}

/* TLS 1.2: the peer may go on without, so this is no end. */
static bool control_renegotiates(const struct conn *conn, uint8_t type)
{
	return conn->version < KTLS_TLS13 &&
	       type == (conn->server ? CONTROL_CLIENT_HELLO : CONTROL_HELLO_REQUEST);
}

static void control_decline(struct conn *conn)
{
	if (!control_barren(conn) || conn->close_sent)
		return;
	conn->due |= CONN_DUE_ALERT;
	conn->alert = KTLS_ALERT_NO_RENEGOTIATION;
}

static void control_ticket(struct conn *conn, const uint8_t *message, size_t len)
{
	uint8_t alert = ticket_alert(message + 4, len - 4);

	if (alert)
		control_refuse(conn, alert, "a malformed session ticket");
	else if (control_barren(conn))
		ticket_show(conn, message, len);
}

static void control_message(struct conn *conn, const uint8_t *message, size_t len, bool last)
{
	if (control_renegotiates(conn, message[0])) {
		control_decline(conn);
		return;
	}
	switch (message[0]) {
	case CONTROL_KEY_UPDATE:
		control_key_update(conn, message + 4, len - 4, last);
		break;
	case CONTROL_NEW_SESSION_TICKET:
		if (!conn->server && conn->version >= KTLS_TLS13) {
			control_ticket(conn, message, len);
			break;
		}
		/* fall through */
	default:
		control_refuse(conn, KTLS_ALERT_UNEXPECTED_MESSAGE,
			       "a handshake message that has no place after the handshake");
	}
}

static size_t control_message_len(const uint8_t *data, size_t len)
{
	return len < 4 ? 0 : 4 + ((size_t)data[1] << 16 | (size_t)data[2] << 8 | data[3]);
}

/* Handshake messages may share records and span them (RFC 8446, 5.1). */
static void control_handshake(struct conn *conn, const uint8_t *data, size_t len, bool end)
{
	size_t total = conn->message_len + len, used = 0, whole;
	uint8_t *joined;

	if (total > CONTROL_MESSAGE_MAX) {
		control_refuse(conn, KTLS_ALERT_DECODE_ERROR, "a handshake message too long");
		return;
	}
	joined = realloc(conn->message, total);
	if (!joined) {
		conn_fail(conn, -ENOMEM, NULL);
		return;
	}
	memcpy(joined + conn->message_len, data, len);
	conn->message = joined;
	while (conn_alive(conn) && (whole = control_message_len(joined + used, total - used)) &&
	       whole <= total - used) {
		control_message(conn, joined + used, whole, end && used + whole == total);
		used += whole;
	}
	if (conn_alive(conn) &&
	    control_message_len(joined + used, total - used) > CONTROL_MESSAGE_MAX)
		control_refuse(conn, KTLS_ALERT_DECODE_ERROR, "a handshake message too long");
	memmove(joined, joined + used, total - used);
	conn->message_len = (uint16_t)(total - used);
	if (conn->message_len)
		return;
	free(conn->message);
	conn->message = NULL;
}

bool conn_record(struct conn *conn, int type, const void *data, size_t len, bool end)
{
	/* Whatever follows a close_notify is ignored (RFC 8446, 6.1). */
	if (conn->close_received)
		return false;
	if (conn->message_len && type != KTLS_RECORD_HANDSHAKE) {
		control_refuse(conn, KTLS_ALERT_UNEXPECTED_MESSAGE,
			       "another record inside a handshake message");
		return false;
	}
	if (!len && (type == KTLS_RECORD_ALERT || type == KTLS_RECORD_HANDSHAKE)) {
		control_refuse(conn, KTLS_ALERT_UNEXPECTED_MESSAGE, "a control record with nothing in it");
		return false;
	}
	switch (type) {
	case KTLS_RECORD_APPLICATION:
		if (!len) {
			control_barren(conn);
			return false;
		}
		conn->barren = 0;
		ticket_done(conn);
		return conn_alive(conn);
	case KTLS_RECORD_ALERT:
		control_alert(conn, data, len, end);
		break;
	case KTLS_RECORD_HANDSHAKE:
		control_handshake(conn, data, len, end);
		break;
	case -EBADMSG:
		conn_fail(conn, -EIO, "a record came without its type");
		break;
	default:
		control_refuse(conn, KTLS_ALERT_UNEXPECTED_MESSAGE, "a record of an unexpected type");
	}
	return false;
}

bool conn_record_error(struct conn *conn, int error)
{
	uint8_t alert;

	/* Said before the key was changed: only a notice to read on. Else the kernel took the first byte of a
	 * record, where a part of a message began, for a KeyUpdate. */
	if (error == -EKEYEXPIRED && conn->ctx->caps->rekey_rx) {
		conn->rx_stalled = !conn->rx_noticed;
		conn->rx_noticed = false;
		return true;
	}
	/* Nothing that follows a close_notify matters, but no more of it can be read. */
	if (conn->close_received) {
		conn->fin_received = true;
		return false;
	}
	alert = ktls_alert_for_errno(-error);
	if (alert)
		control_refuse(conn, alert, "a record could not be opened");
	else
		conn_fail(conn, error, NULL);
	return false;
}

static bool control_warns(uint8_t alert)
{
	return alert == KTLS_ALERT_CLOSE_NOTIFY || alert == KTLS_ALERT_NO_RENEGOTIATION;
}

/* As conn_control(), whoever seals. */
static uint8_t control_next(const struct conn *conn, uint8_t *buf, size_t *len)
{
	if (conn->due & CONN_DUE_KEY_UPDATE) {
		memcpy(buf, (const uint8_t[]){ CONTROL_KEY_UPDATE, 0, 0, 1, conn->update_request }, *len = 5);
		return KTLS_RECORD_HANDSHAKE;
	}
	if (conn->due & CONN_DUE_ALERT) {
		buf[0] = control_warns(conn->alert) ? KTLS_ALERT_WARNING : KTLS_ALERT_FATAL;
		buf[1] = conn->alert;
		*len = 2;
		return KTLS_RECORD_ALERT;
	}
	return 0;
}

uint8_t conn_control(const struct conn *conn, uint8_t *buf, size_t *len)
{
	return conn->session && !record_own(conn, KTLS_TX) ? control_next(conn, buf, len) : 0;
}

void conn_control_sent(struct conn *conn)
{
	if (conn->due & CONN_DUE_KEY_UPDATE) {
		conn->due &= (uint8_t)~CONN_DUE_KEY_UPDATE;
		conn->update_request = false;
		conn->rekey_tx = true;
	} else {
		conn->due &= (uint8_t)~CONN_DUE_ALERT;
	}
}

void control_seal(struct conn *conn)
{
	uint8_t buf[8], type;
	size_t len;

	while ((type = control_next(conn, buf, &len))) {
		if (record_seal(conn, type, buf, len)) {
			conn->due = 0;
			conn_fail(conn, -EIO, "a control record could not be sealed");
			return;
		}
		conn_control_sent(conn);
		control_rekey(conn, KTLS_TX);
	}
}

bool conn_rekey(struct conn *conn, enum ktls_direction dir)
{
	if (!(dir == KTLS_TX ? conn->rekey_tx : conn->rekey_rx))
		return false;
	if (ktls_schedule_next(conn->session, dir)) {
		conn_fail(conn, -EIO, "the next key could not be derived");
		return false;
	}
	return true;
}

void conn_rekeyed(struct conn *conn, enum ktls_direction dir, int result)
{
	if (dir == KTLS_TX) {
		conn->rekey_tx = false;
		conn->sealed = 0;
	} else {
		conn->rekey_rx = conn->rx_stalled = false;
		conn->rx_noticed = !record_own(conn, dir);
	}
	if (result)
		conn_fail(conn, result, "the next key was refused");
	else
		conn->rekeys[dir]++;
}

void conn_unstalled(struct conn *conn, int result)
{
	conn->rx_stalled = false;
	if (result)
		conn_fail(conn, result, "the kernel refused its own key");
}

static uint16_t control_credit(const struct conn *conn, uint64_t bytes)
{
	uint64_t credit = conn->update_credit + bytes / CONTROL_RECORD;

	return credit < CONTROL_CREDIT_MAX ? (uint16_t)credit : CONTROL_CREDIT_MAX;
}

bool conn_account(struct conn *conn, uint64_t bytes)
{
	uint64_t limit;

	if (!conn->session)
		return true;
	conn->update_credit = control_credit(conn, bytes);
	limit = conn->session->cipher->record_limit;
	if (limit > CONTROL_MARGIN)
		limit -= CONTROL_MARGIN;
	conn->sealed += bytes / CONTROL_RECORD + 2;
	if (conn->sealed < limit)
		return true;
	if (conn->version < KTLS_TLS13 || !control_rekeys(conn, KTLS_TX)) {
		conn->dir[KTLS_TX].reason = TLSRING_REASON_NO_REKEY;
		return false;
	}
	conn->due |= CONN_DUE_KEY_UPDATE;
	return true;
}
