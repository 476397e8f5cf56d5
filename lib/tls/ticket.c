// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include "ktls/control.h"
#include "ktls/seal.h"
#include "lib/tls/handshake.h"
#include "lib/tls/record.h"
#include "lib/tls/ticket.h"

void ticket_show(struct conn *conn, const uint8_t *message, size_t len)
{
	struct ktls_secret *secret = &conn->session->dir[KTLS_RX];
	uint8_t *record, none[1];
	long sealed;

	if (!conn->tickets || len > 16384)
		return;
	record = malloc(len + KTLS_SEAL_OVERHEAD);
	if (!record)
		return;
	/* The kernel counts by itself; the session's number is libssl's own. */
	sealed = ktls_seal(conn->session, KTLS_RX, secret->seq, KTLS_RECORD_HANDSHAKE, message, len, record);
	if (sealed > 0) {
		secret->seq++;
		conn->tickets_shown = true;
		wire_feed(conn->wire, record, (size_t)sealed);
		record_open(conn->wire, none, sizeof(none));
		/* An answer of libssl's would use the kernel's nonces. */
		wire_discard(conn->wire);
	}
	free(record);
}

void ticket_done(struct conn *conn)
{
	if (!conn->tickets || !conn->tickets_shown)
		return;
	conn->tickets = false;
	handshake_wipe(conn->wire, conn->session, KTLS_RX);
	if (!conn->ctx->caps->rekey_rx)
		ktls_session_forget(conn->session, KTLS_RX);
	wire_free(conn->wire);
	conn->wire = NULL;
}
