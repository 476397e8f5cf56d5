/* SPDX-License-Identifier: MIT */
#ifndef LIB_ENGINE_CONNECTION_H
#define LIB_ENGINE_CONNECTION_H

#include "lib/engine/internal.h"

/* A connection's progress: which operation or handler call is next. */

/* Begin: the connection's conn was made (conn_accept(), conn_connect()). The engine owns it
 * then. */
void connection_start(struct tlsring_conn *c);
/* Take the completion of an operation. */
void connection_complete(struct tlsring_conn *c, enum engine_op op,
			 const struct uring_completion *completion);
/* Do whatever can be done now. May bury c, and call its handlers. */
void connection_advance(struct tlsring_conn *c);
/* Do so before the engine waits again; no handler is called until then. */
void connection_schedule(struct tlsring_conn *c);
void connection_advance_scheduled(struct tlsring_engine *engine);
/* Ask for the connection's end because the engine stops; at_once: cut it. May bury c. */
void connection_stop(struct tlsring_conn *c, bool at_once);
/* Call closed(), close the descriptor, and free the connection, which is in no list. */
void connection_free(struct tlsring_conn *c);

#endif
