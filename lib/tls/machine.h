/* SPDX-License-Identifier: MIT */
#ifndef LIB_TLS_MACHINE_H
#define LIB_TLS_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "ktls/session.h"
#include "lib/tls/context.h"
#include "lib/tls/wire.h"

/*
 * A connection as a machine without I/O. It is told what happened (bytes, records, results) and
 * asked what it wants: bytes to send, records to send, keys to install. Whoever drives it (the
 * engine, a linking program's loop, a test) does the I/O.
 *
 *	HANDSHAKE -> EARLY -> HANDOVER -> OPEN -> CLOSED
 *
 * EARLY is a server's whose client sent early data: data flows, in user space, and the client's
 * Finished is still to come. Most connections skip it.
 * In HANDOVER the stream is brought to a record boundary and all output to the socket; then the
 * keys are installed. A connection whose keys stay here goes from HANDSHAKE straight to OPEN.
 * FAILED can follow any state: what is left to send (an alert) should be sent, then it is closed.
 */
enum conn_state { CONN_HANDSHAKE, CONN_EARLY, CONN_HANDOVER, CONN_OPEN, CONN_FAILED };

/* Control records wait here until the driver sends them, in this order. */
enum conn_due {
	CONN_DUE_KEY_UPDATE	= 1,	/* then install the next TX key */
	CONN_DUE_ALERT		= 2,
};

struct tlsring_connect_options;

struct conn_path {
	uint8_t path;			/* enum tlsring_path */
	uint8_t reason;			/* enum tlsring_reason */
};

struct conn {
	const struct tlsring_ctx *ctx;	/* the caller's */
	struct wire *wire;		/* owned; NULL until a server is fed, and once it is no longer needed */
	struct ktls_session *session;	/* owned; NULL until the hand-over */
	const char *cipher;		/* static; NULL inside the handshake */
	char *alpn;			/* owned: the protocol agreed on; NULL: none */
	char *server_name;		/* owned: that the client asked for; NULL: none */
	const char *detail;		/* static, of the failure; or NULL */
	uint8_t *message;		/* owned: a handshake message whose end has not come yet */
	const void *early;		/* the caller's: a client's early data, until its handshake is done */
	size_t early_len;
	uint64_t sealed;		/* records the kernel sealed under this TX key, at most */
	int result;			/* FAILED: why */
	uint16_t version;
	uint16_t message_len;
	struct conn_path dir[2];	/* by enum ktls_direction */
	uint8_t state;
	uint8_t due;			/* CONN_DUE_* */
	uint8_t alert;			/* of CONN_DUE_ALERT */
	uint8_t updates;		/* KeyUpdates (1.2: wishes to renegotiate) in a row, no data between */
	uint16_t update_credit;		/* so many more may come, for the records that we sent */
	bool server;
	bool resumed;			/* an earlier session */
	bool close_sent, close_received;
	bool fin_received;
	bool tickets;			/* the wire is only kept to read tickets */
	bool tickets_shown;
	bool rx_over;			/* the peer changed its key and the kernel cannot */
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

/* A server's. conn_wipe() in the end. */
void conn_accept(struct conn *conn, const struct tlsring_ctx *ctx);
/* A client's; its ClientHello, and early data if any, are then in the output. 0, -EINVAL (name),
 * -ENOMEM; conn_wipe() in any case. */
int conn_connect(struct conn *conn, const struct tlsring_ctx *ctx,
		 const struct tlsring_connect_options *options);
/* Around an SSL that has finished its handshake and stays in user space until conn_hand_over().
 * The wire becomes conn's. */
void conn_adopt(struct conn *conn, const struct tlsring_ctx *ctx, struct wire *wire);
void conn_wipe(struct conn *conn);
/* Has it been decided where the keys are? */
bool conn_handed(const struct conn *conn);
/* Bring the keys to the kernel: HANDOVER, or OPEN (or FAILED) when the policy forbids it. */
void conn_hand_over(struct conn *conn);

/* Bytes came from the socket, while RX is not in the kernel. They are lent until conn_read()
 * returned 0. */
void conn_feed(struct conn *conn, const void *data, size_t len);
/* Plaintext of what was fed: bytes, 0 when there is no more. */
size_t conn_read(struct conn *conn, void *buf, size_t len);
/* At most so many bytes may be received next: 0 means none, hand over first. */
size_t conn_receivable(const struct conn *conn);
/* FIN came. */
void conn_fin(struct conn *conn);

/* A record or a piece of one came from the kernel. True: it is application data to deliver. */
bool conn_record(struct conn *conn, int type, const void *data, size_t len, bool end);
/* The kernel's receive failed with error (-errno). True: go on receiving. */
bool conn_record_error(struct conn *conn, int error);

/* Bytes for the socket as they are; the caller frees *out. 0: none. */
size_t conn_output(struct conn *conn, uint8_t **out);
/* The control record to be sent through the kernel now: its type, 0 when none is due. Buf takes
 * up to 8 bytes. When it has gone to the socket conn_control_sent() must follow. */
uint8_t conn_control(const struct conn *conn, uint8_t *buf, size_t *len);
void conn_control_sent(struct conn *conn);

/* True when the keys are to be installed now: output is sent, the stream at a boundary. */
bool conn_installable(const struct conn *conn);
/* Takes the keys out of the SSL. False: they stay there, conn is OPEN (or FAILED); or, of an adopted
 * SSL, HANDOVER still: libssl has something to finish first. */
bool conn_export(struct conn *conn);
/* What became of installing one direction: 0 or -errno and why. RX first, then TX. */
void conn_installed(struct conn *conn, enum ktls_direction dir, int result, enum tlsring_reason why);
/* Both were tried: OPEN, or FAILED by policy. */
void conn_handed_over(struct conn *conn);

/* True when the direction's next key was made and is to be installed; TX: with nothing in flight.
 * conn_rekeyed() must follow. */
bool conn_rekey(struct conn *conn, enum ktls_direction dir);
void conn_rekeyed(struct conn *conn, enum ktls_direction dir, int result);
/* What became of installing the current RX key again, for conn->rx_stalled. */
void conn_unstalled(struct conn *conn, int result);

/* Does data flow? */
static inline bool conn_flows(const struct conn *conn)
{
	return conn->state == CONN_EARLY || conn->state == CONN_OPEN;
}
/* Seal in user space, while data flows. 0, or -errno/TLSRING_E*, after which conn is FAILED. */
int conn_seal(struct conn *conn, const void *data, size_t len);
/* So many bytes are about to be sealed by the kernel. Makes a KeyUpdate due in time; false when
 * the key is used up and this kernel cannot change it: close. */
bool conn_account(struct conn *conn, uint64_t bytes);
struct tlsring_info;
/* Fill in what conn knows: all but fd and peer. -EINVAL, -ENOTCONN inside the handshake. */
int conn_info(const struct conn *conn, struct tlsring_info *info);
/* May conn_update() be called? */
bool conn_updatable(const struct conn *conn);
/* Make a KeyUpdate due. TLS 1.3, OPEN. */
void conn_update(struct conn *conn, bool request);
/* The peer wants to renegotiate: it is told that we do not, where we can tell it. */
void conn_decline(struct conn *conn);
/* Make a close_notify due, once. */
void conn_close(struct conn *conn);
/* End with this result; the first one counts. */
void conn_fail(struct conn *conn, int result, const char *detail);

#endif
