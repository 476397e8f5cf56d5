/* SPDX-License-Identifier: MIT */
#ifndef LIB_TLS_TICKET_H
#define LIB_TLS_TICKET_H

#include "lib/tls/state.h"

/* The alert that answers a malformed NewSessionTicket of TLS 1.3 (RFC 8446, 4.6.1), whose body this
 * is; 0: it is well-formed. */
uint8_t ticket_alert(const uint8_t *body, size_t len);
/* A client whose keys were exported: show libssl a handshake message that was opened without it,
 * so that the SSL_CTX's new-session callback gets the ticket, and a KeyUpdate moves libssl's key
 * along with ours. Best effort: a ticket that cannot be shown is lost, nothing else. */
void ticket_show(struct conn *conn, const uint8_t *message, size_t len);
/* The tickets that came are in: the SSL is no longer needed. */
void ticket_done(struct conn *conn);

#endif
