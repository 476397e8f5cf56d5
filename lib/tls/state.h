/* SPDX-License-Identifier: MIT */
#ifndef LIB_TLS_STATE_H
#define LIB_TLS_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ktls/aead.h"
#include "ktls/session.h"
#include "lib/tls/context.h"
#include "lib/tls/wire.h"

/*
 * A connection is a machine without I/O. Its driver (the engine, a linking program's loop, a test)
 * does the I/O: it reports what happened (bytes, records, results), asks what is to be done (bytes
 * or records to send, keys to install) and does it. machine.h has the calls for bytes and keys,
 * control.h those for control records and changes of key.
 *
 *	HANDSHAKE -> EARLY -> HANDOVER -> OPEN
 *
 * EARLY is the state of a server whose client sent early data: data flows, in user space, and the
 * client's Finished is still to come. Most connections skip it.
 * In HANDOVER the stream is brought to a record boundary and all output to the socket; then the
 * keys are installed. A connection whose keys stay in user space goes from HANDSHAKE to OPEN.
 * FAILED can follow any state. The driver sends what is left to send (an alert), then closes.
 */
enum conn_state { CONN_HANDSHAKE, CONN_EARLY, CONN_HANDOVER, CONN_OPEN, CONN_FAILED };

/* Control records wait here until the driver sends them, in this order. */
enum conn_due {
	CONN_DUE_KEY_UPDATE	= 1,	/* then install the next TX key */
	CONN_DUE_ALERT		= 2,
};

struct conn_path {
	uint8_t path;			/* enum tlsring_path */
	uint8_t reason;			/* enum tlsring_reason */
};

struct conn {
	struct tlsring_ctx *ctx; /* one reference is the connection's */
	struct wire *wire;		/* owned; NULL until a server is fed, and once it is no longer needed */
	struct ktls_session *session; /* owned; NULL: libssl seals and opens */
	struct ktls_aead aead[2];	/* by enum ktls_direction; of records sealed and opened here */
	uint8_t *in; /* lent by record_feed() */
	size_t in_len;
	uint8_t *held; /* owned: a record, of which held_len bytes have come; 0: opened */
	uint8_t *kept; /* owned: input of a suspended handshake, which wire reads */
	uint8_t *out; /* owned: bytes for the socket that wait for conn_output() */
	size_t out_len;
	uint64_t ticket_seq; /* libssl's own number of the next record that is shown to it */
	const char *cipher;		/* static; NULL inside the handshake */
	char *alpn;			/* owned: the protocol agreed on; NULL: none */
	char *server_name;		/* owned: that the client asked for; NULL: none */
	const char *detail;		/* static, of the failure; or NULL */
	uint8_t *message;		/* owned: a handshake message whose end has not come yet */
	const void *early;		/* the caller's: a client's early data, until its handshake is done */
	size_t early_len;
	uint64_t sealed; /* records sealed under this TX key, at most */
	int result;			/* FAILED: why */
	uint16_t version;
	uint16_t message_len;
	struct conn_path dir[2];	/* by enum ktls_direction */
	uint8_t state;
	uint8_t due;			/* CONN_DUE_* */
	uint8_t alert;			/* of CONN_DUE_ALERT */
	uint8_t barren; /* records and messages in a row that brought no content */
	uint16_t update_credit; /* KeyUpdates that may come beyond that, for the records that we
				   sent */
	bool server;
	bool resumed;			/* an earlier session */
	bool close_sent, close_received;
	bool fin_received;
	bool tickets;			/* the wire is only kept to read tickets */
	bool tickets_shown;
	bool rx_over;			/* the peer changed its key and the kernel cannot */
	uint32_t held_len;
	uint32_t install_ns;		/* that the kernel took to take the first keys */
	uint32_t rekeys[2];		/* by enum ktls_direction: changes of key since the hand-over */
	uint8_t alert_level;		/* of an alert of which only the first byte came */
	bool update_request;		/* CONN_DUE_KEY_UPDATE asks for the peer's too */
	bool zerocopy;			/* of sendfile, on a NIC */
	bool early_reading;		/* a server still looks for early data */
	bool early_sent;		/* a client's early data is on its way */
	bool early_taken;		/* the server took it */
	bool rekey_tx, rekey_rx;	/* a KeyUpdate was sent / received: install the next key */
	bool rx_noticed;		/* the kernel may still say that it waited for the key it has now */
	bool rx_stalled;		/* it waits for a key that is not due: install the current one again */
};

#define CONN_KEY_USED_UP "the key is used up and cannot be changed"

/* Has the handshake been finished, and the connection not failed? */
static inline bool conn_alive(const struct conn *conn)
{
	return conn->state == CONN_OPEN || conn->state == CONN_HANDOVER;
}

/* Does data flow? */
static inline bool conn_flows(const struct conn *conn)
{
	return conn->state == CONN_EARLY || conn->state == CONN_OPEN;
}

/* End with this result; the first one counts. */
static inline void conn_fail(struct conn *conn, int result, const char *detail)
{
	if (conn->state == CONN_FAILED)
		return;
	conn->state = CONN_FAILED;
	conn->result = result;
	conn->detail = detail;
}

#endif
