/* SPDX-License-Identifier: MIT */
#ifndef LIB_ENGINE_OPS_H
#define LIB_ENGINE_OPS_H

#include "lib/engine/internal.h"

/* The life of a connection object, which its operations in flight prolong. */

/* Make a connection, in no list yet, CONNECTING, and with its conn zeroed. NULL: no memory; fd
 * stays the caller's. */
struct tlsring_conn *ops_conn_new(struct tlsring_engine *engine, int fd,
				  const struct tlsring_handlers *handlers, void *user);
/* Free a connection that is in no list, without a call of closed(); fd stays the caller's. */
void ops_conn_discard(struct tlsring_conn *c);
/* Enter a connection into its engine's list, which owns it from then on. */
void ops_adopt(struct tlsring_conn *c);
/* Move a connection without operations in flight to the engine's list of dead ones. Completions
 * of the same batch may still name it; it is freed when the batch is done. */
void ops_bury(struct tlsring_conn *c);

/* Count an operation that was queued, until its last completion. */
void ops_begin_receive(struct tlsring_conn *c);
void ops_begin_write(struct tlsring_conn *c);
/* Ask for a clean end: CLOSING. A truncation that has come before is its result. */
void ops_close(struct tlsring_conn *c);
/* Settle the result: what comes after this does not change it. */
void ops_settle(struct tlsring_conn *c);
/* Cancel everything in flight; nothing new begins, and the connection dies with the last
 * completion. */
void ops_end(struct tlsring_conn *c);

#endif
