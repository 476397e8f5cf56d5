/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_CONNECTION_H
#define TOOLS_SERVE_CONNECTION_H

#include "tlsring.h"

/* Connections from the moment they are accepted; the handshake decides between HTTP/1.1 and HTTP/2.
 * user: a worker's `idle`. */
extern const struct tlsring_handlers connection_handlers;

#endif
