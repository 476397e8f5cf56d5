/* SPDX-License-Identifier: MIT */
#ifndef LIB_TLS_TICKET_H
#define LIB_TLS_TICKET_H

#include "lib/tls/state.h"

/* A client whose keys are in the kernel: show libssl a handshake message that the kernel opened,
 * so that the SSL_CTX's new-session callback gets the ticket, and a KeyUpdate moves libssl's key
 * along with ours. Best effort: a ticket that cannot be shown is lost, nothing else. */
void ticket_show(struct conn *conn, const uint8_t *message, size_t len);
/* The tickets that came are in: the SSL is no longer needed. */
void ticket_done(struct conn *conn);

#endif
