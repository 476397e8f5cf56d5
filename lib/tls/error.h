/* SPDX-License-Identifier: MIT */
#ifndef LIB_TLS_ERROR_H
#define LIB_TLS_ERROR_H

#include "lib/tls/wire.h"

/* Does this result of SSL_get_error() mean that a callback has suspended the handshake? */
bool error_suspends(int why);
/* The meaning of a failed libssl call for the connection: -EAGAIN when it only wants more input,
 * or a callback suspended it (wire->suspended), else the connection's result; wire->detail is
 * set. Empties the thread's error queue. */
int error_from_ssl(struct wire *wire, int ret);

#endif
