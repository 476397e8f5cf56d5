/* SPDX-License-Identifier: MIT */
#ifndef LIB_ENGINE_CLOSE_H
#define LIB_ENGINE_CLOSE_H

#include "lib/engine/internal.h"

/* The end of a connection, on its side and on the peer's. */

/* Has the peer sent its last data? */
bool close_peer_done(const struct tlsring_conn *c);
/* Do the next thing that the end needs, with no message under way. True: look again. */
bool close_step(struct tlsring_conn *c);
/* Send FIN now; what the peer still sends is dropped. */
void close_shut(struct tlsring_conn *c);

/* The peer has nothing more to send, and our FIN has gone: end, at once unless that would be a
 * reset. */
void close_end(struct tlsring_conn *c);

#endif
