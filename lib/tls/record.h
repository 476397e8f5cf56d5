/* SPDX-License-Identifier: MIT */
#ifndef LIB_TLS_RECORD_H
#define LIB_TLS_RECORD_H

#include <sys/types.h>
#include "lib/tls/wire.h"

/* The user-space record path: what a direction uses that the kernel does not carry. */

/* Plaintext out of what was fed. Bytes; 0: no more for now, wire->closed tells whether ever; else
 * the result the connection ends with. */
ssize_t record_open(struct wire *wire, void *buf, size_t len);
/* Seal all of data into the wire's output. 0 or the result the connection ends with. */
int record_seal(struct wire *wire, const void *data, size_t len);
/* As a server, before the client's handshake is done. */
int record_seal_early(struct wire *wire, const void *data, size_t len);
/* Seal some of data into the SSL's own transport. Bytes; -EAGAIN when that is full: call again
 * with the same bytes; else the result the connection ends with. */
ssize_t record_write(struct wire *wire, const void *data, size_t len);
/* Put a KeyUpdate into the output. */
void record_update(struct wire *wire, bool request);
/* The answer to a peer's update request, which libssl would only send with its next data. */
void record_settle(struct wire *wire);
/* Put a close_notify into the output. 0, also when it has gone already; -EAGAIN: the SSL's own
 * transport is full, call again; else a failure. */
int record_close(struct wire *wire);

#endif
