/* SPDX-License-Identifier: MIT */
#ifndef LIB_ENGINE_HANDSHAKE_QUEUE_H
#define LIB_ENGINE_HANDSHAKE_QUEUE_H

#include "lib/engine/internal.h"

/* Handshakes that come together take turns with all other work. */

void handshake_queue_init(struct tlsring_engine *engine);
/* Put a received piece of a handshake off until a later round. True: it was copied into the
 * queue and its buffer given back. False: it is the caller's, to be handled now. */
bool handshake_queue_put_off(struct tlsring_engine *engine, const struct tlsring_conn *c,
			     const struct uring_completion *completion);
bool handshake_queue_waits(const struct tlsring_engine *engine);
/* End a round: let a handshake have its turn if one is due. busy: the round had other work. */
void handshake_queue_turn(struct tlsring_engine *engine, bool busy);
void handshake_queue_free(struct tlsring_engine *engine);

#endif
