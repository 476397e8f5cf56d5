/* SPDX-License-Identifier: MIT */
#ifndef LIB_TLS_ERROR_H
#define LIB_TLS_ERROR_H

#include "lib/tls/wire.h"

/* What a failed libssl call means for the connection: -EAGAIN when it only wants more input, else
 * its result; wire->detail is set. Empties the thread's error queue. */
int error_from_ssl(struct wire *wire, int ret);

#endif
