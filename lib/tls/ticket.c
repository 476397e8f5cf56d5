// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include "ktls/aead.h"
#include "ktls/control.h"
#include "lib/tls/handshake.h"
#include "lib/tls/libssl.h"
#include "lib/tls/record.h"
#include "lib/tls/ticket.h"

#define TICKET_FIXED 8 /* bytes of lifetime and age_add */
#define TICKET_EXTENSIONS_MAX 64 /* the least that any message has room for would be thousands */

/* A vector's length, which takes `width` bytes at *at, and is moved over. -1: it does not fit into
 * *len. */
static long ticket_vector(const uint8_t **at, size_t *len, unsigned width)
{
	size_t size = 0;

	if (*len < width)
		return -1;
	for (unsigned i = 0; i < width; i++)
		size = size << 8 | (*at)[i];
	*at += width;
	*len -= width;
	return size > *len ? -1 : (long)size;
}

static uint8_t ticket_extensions_alert(const uint8_t *at, size_t len)
{
	uint16_t seen[TICKET_EXTENSIONS_MAX];
	unsigned count = 0;

	while (len) {
		uint16_t type = len < 2 ? 0 : (uint16_t)(at[0] << 8 | at[1]);
		long size;

		if (len < 2 || count == TICKET_EXTENSIONS_MAX)
			return KTLS_ALERT_DECODE_ERROR;
		at += 2;
		len -= 2;
		size = ticket_vector(&at, &len, 2);
		if (size < 0)
			return KTLS_ALERT_DECODE_ERROR;
		at += size;
		len -= (size_t)size;
		for (unsigned i = 0; i < count; i++)
			if (seen[i] == type)
				return KTLS_ALERT_ILLEGAL_PARAMETER;
		seen[count++] = type;
	}
	return 0;
}

uint8_t ticket_alert(const uint8_t *body, size_t len)
{
	long size;

	if (len < TICKET_FIXED)
		return KTLS_ALERT_DECODE_ERROR;
	body += TICKET_FIXED;
	len -= TICKET_FIXED;
	for (unsigned width = 1; width <= 2;
	     width++) { /* the nonce, then the ticket, which is not empty */
		size = ticket_vector(&body, &len, width);
		if (size < 0 || (width == 2 && !size))
			return KTLS_ALERT_DECODE_ERROR;
		body += size;
		len -= (size_t)size;
	}
	size = ticket_vector(&body, &len, 2);
	if (size < 0 || (size_t)size != len)
		return KTLS_ALERT_DECODE_ERROR;
	return ticket_extensions_alert(body, len);
}

/* The record that libssl would have received; NULL: it cannot be made. */
static uint8_t *ticket_record(struct conn *conn, const uint8_t *message, size_t len,
			      size_t *record_len)
{
	uint8_t *record = malloc(len + KTLS_RECORD_OVERHEAD);
	struct iovec all = { (void *)message, len };
	const struct iovec *piece = &all;
	struct ktls_aead aead = { 0 };
	size_t skip = 0;
	long sealed = -EIO;

	if (record && !ktls_aead_init(&aead, conn->session, KTLS_RX, true, &conn->ticket_seq))
		sealed = ktls_aead_seal(&aead, KTLS_RECORD_HANDSHAKE, &piece, &skip, len, record);
	ktls_aead_wipe(&aead);
	*record_len = (size_t)sealed;
	if (sealed > 0)
		return record;
	free(record);
	return NULL;
}

void ticket_show(struct conn *conn, const uint8_t *message, size_t len)
{
	uint8_t *record, none[1];
	size_t record_len;

	if (!conn->tickets || len > KTLS_RECORD_PLAIN)
		return;
	record = ticket_record(conn, message, len, &record_len);
	if (!record)
		return;
	conn->tickets_shown = true;
	wire_feed(conn->wire, record, record_len);
	libssl_open(conn->wire, none, sizeof(none));
	/* An answer of libssl's would use nonces that are ours. */
	wire_discard(conn->wire);
	free(record);
}

void ticket_done(struct conn *conn)
{
	if (!conn->tickets || !conn->tickets_shown)
		return;
	conn->tickets = false;
	handshake_wipe(conn->wire, conn->session, KTLS_RX);
	if (!record_own(conn, KTLS_RX) && !conn->ctx->caps->rekey_rx)
		ktls_session_forget(conn->session, KTLS_RX);
	wire_free(conn->wire);
	conn->wire = NULL;
}
