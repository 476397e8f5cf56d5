/* SPDX-License-Identifier: MIT */
#ifndef LIB_TLS_MACHINE_H
#define LIB_TLS_MACHINE_H

#include "lib/tls/state.h"

struct tlsring_connect_options;
struct tlsring_info;

/* A server's. conn_wipe() in the end. */
void conn_accept(struct conn *conn, struct tlsring_ctx *ctx);
/* A client's; its ClientHello, and early data if any, are then in the output. 0, -EINVAL (name),
 * -ENOMEM; conn_wipe() in any case. */
int conn_connect(struct conn *conn, struct tlsring_ctx *ctx,
		 const struct tlsring_connect_options *options);
/* Around an SSL that has finished its handshake; libssl seals and opens until conn_export(). The
 * wire becomes conn's. */
void conn_adopt(struct conn *conn, struct tlsring_ctx *ctx, struct wire *wire);
void conn_wipe(struct conn *conn);
/* Has it been decided where the keys are? */
bool conn_handed(const struct conn *conn);
/* Bring the keys, which were exported, to the kernel: HANDOVER, or OPEN (or FAILED) when the policy
 * forbids it. */
void conn_hand_over(struct conn *conn);

/* Bytes came from the socket, while RX is not in the kernel. They are lent until conn_read()
 * returned 0. */
void conn_feed(struct conn *conn, void *data, size_t len);
/* Go on with a handshake that a callback of the SSL's has suspended; conn_read() follows. False:
 * it is not suspended. */
bool conn_resume(struct conn *conn);
/* Plaintext of what was fed: *data lies in it, or in buf, which has len bytes, and lives until the
 * next call. Bytes, 0 when there is no more. */
size_t conn_read(struct conn *conn, void *buf, size_t len, const uint8_t **data);
#define CONN_RECEIVE_MAX	(16384 + 512)	/* a record, and the header of the next one */
/* At most so many bytes may be received next: 0 means none, hand over or resume first. */
size_t conn_receivable(const struct conn *conn);
/* FIN came. */
void conn_fin(struct conn *conn);

/* Bytes for the socket as they are; the caller frees *out. 0: none. */
size_t conn_output(struct conn *conn, uint8_t **out);
/* True when the keys are to be installed now: output is sent, the stream at a boundary. */
bool conn_installable(const struct conn *conn);
/* Take the keys out of the SSL: records are sealed and opened here from now on, or, if the keys
 * cannot be had, by libssl for good (conn_handed()). -EAGAIN: libssl has something to finish first,
 * call again; 0. */
int conn_export(struct conn *conn);
/* What became of installing one direction: 0 or -errno and why. RX first, then TX. */
void conn_installed(struct conn *conn, enum ktls_direction dir, int result, enum tlsring_reason why);
/* Both were tried: OPEN, or FAILED by policy. */
void conn_handed_over(struct conn *conn);

/* Seal in user space, while data flows. 0, or -errno/TLSRING_E*, after which conn is FAILED. */
int conn_seal(struct conn *conn, const void *data, size_t len);
/* Fill in what conn knows: all but fd and peer. -EINVAL, -ENOTCONN inside the handshake. */
int conn_info(const struct conn *conn, struct tlsring_info *info);
/* Make a close_notify due, once. */
void conn_close(struct conn *conn);

#endif
