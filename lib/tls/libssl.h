/* SPDX-License-Identifier: MIT */
#ifndef LIB_TLS_LIBSSL_H
#define LIB_TLS_LIBSSL_H

#include <sys/types.h>
#include "lib/tls/wire.h"

/*
 * Records that libssl seals and opens: those of early data, of sessions before their hand-over, and
 * of what cannot be exported (a cipher that is no AEAD, TLS 1.1, record padding). All others are
 * record.h's.
 */

/* Plaintext out of what was fed. Bytes; 0: no more for now, wire->closed tells whether ever; else
 * the result the connection ends with. */
ssize_t libssl_open(struct wire *wire, void *buf, size_t len);
/* Seal all of data into the wire's output. 0 or the result the connection ends with. */
int libssl_seal(struct wire *wire, const void *data, size_t len);
/* The same for a server, before the client's handshake is done. */
int libssl_seal_early(struct wire *wire, const void *data, size_t len);
/* Seal some of data into the SSL's own transport. Bytes; -EAGAIN when that is full: call again
 * with the same bytes; else the result the connection ends with. */
ssize_t libssl_write(struct wire *wire, const void *data, size_t len);
/* Send a KeyUpdate. 0; -EAGAIN: the SSL's own transport is full, call again; else the result the
 * connection ends with. */
int libssl_update(struct wire *wire, bool request);
/* Send the answer to a peer's update request, which libssl would only send with its next data. */
void libssl_settle(struct wire *wire);
/* Send a close_notify. 0, also when it has gone already; -EAGAIN: the SSL's own transport is full,
 * call again; else the result the connection ends with. */
int libssl_close(struct wire *wire);

#endif
