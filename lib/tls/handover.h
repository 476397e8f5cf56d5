/* SPDX-License-Identifier: MIT */
#ifndef LIB_TLS_HANDOVER_H
#define LIB_TLS_HANDOVER_H

#include "lib/tls/state.h"

/* Where a connection meets the kernel: the only place that carries its keys there. */

/* conn_installable() holds: install RX, then TX, tell conn what became of it. */
void handover_install(struct conn *conn, int fd);
/* Install the direction's next key, if a KeyUpdate made one due; or the one it has again, if it stalled. */
void handover_rekey(struct conn *conn, int fd, enum ktls_direction dir);

#endif
