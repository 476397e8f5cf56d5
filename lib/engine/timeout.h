/* SPDX-License-Identifier: MIT */
#ifndef LIB_ENGINE_TIMEOUT_H
#define LIB_ENGINE_TIMEOUT_H

#include "lib/engine/internal.h"

/* How long a connection may take for its handshake, for silence, for a message, for its end. */

#define TIMEOUT_LINGER	5000	/* msecs that a peer has to answer our close_notify or alert */

/* Set the connection's timer to this many msecs, whatever it was set to. */
void timeout_set(struct tlsring_conn *c, unsigned msecs);
/* Make the timer fire no later than the next limit of an open connection. */
void timeout_watch(struct tlsring_conn *c);
/* Begin the time of silence anew, because something was received or sent. */
void timeout_active(struct tlsring_conn *c);
/* Act on the limits that have passed, after the timer has fired. */
void timeout_expired(struct tlsring_conn *c);

#endif
