/* SPDX-License-Identifier: MIT */
#ifndef LIB_ENGINE_RECEIVE_H
#define LIB_ENGINE_RECEIVE_H

#include "lib/engine/internal.h"

/* The reading side of a connection: from the socket to received(). */

/* Is this operation one of the reading side? */
bool receive_is_op(enum engine_op op);
/* Queue the next receive, if there is one to queue and room for its data. */
void receive_start(struct tlsring_conn *c);
/* Do the keys wait to be handed over? A receive in flight would take plaintext for ciphertext. */
bool receive_held(const struct tlsring_conn *c);
/* Take what an operation of the reading side has brought. */
void receive_complete(struct tlsring_conn *c, enum engine_op op,
		      const struct uring_completion *completion);
/* Go on with a handshake that was suspended. */
void receive_resume(struct tlsring_conn *c);
/* Offer the user what it has not taken yet. */
void receive_offer_pending(struct tlsring_conn *c);

#endif
