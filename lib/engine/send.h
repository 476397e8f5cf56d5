/* SPDX-License-Identifier: MIT */
#ifndef LIB_ENGINE_SEND_H
#define LIB_ENGINE_SEND_H

#include "lib/engine/internal.h"

/* The user's message, on its way to the socket. */

#define SEND_RECORD	16384u	/* bytes of a full record */

/* Send the message's next piece, or report its end, with nothing of the writing side in flight. */
void send_next(struct tlsring_conn *c);
/* Take the result of an operation for the message. */
void send_complete(struct tlsring_conn *c, enum engine_op op, int res);
/* Forget the message and call sent() with this result. */
void send_finish(struct tlsring_conn *c, int result);

#endif
