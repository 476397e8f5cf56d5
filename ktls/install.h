/* SPDX-License-Identifier: MIT */
#ifndef KTLS_INSTALL_H
#define KTLS_INSTALL_H

#include <stdint.h>
#include "ktls/tlsring_reason.h"
#include "ktls/session.h"

/* setsockopt TCP_ULP "tls". 0 or -errno with *why. Not undoable. */
int ktls_install_ulp(int fd, enum tlsring_reason *why);
/* setsockopt TLS_TX / TLS_RX from the session's current secret and seq; also
 * used for a rekey. 0 or -errno with *why. Derived keys are wiped. A cipher
 * that the kernel did not find (-ENOENT) is not asked for again by this process. Adds to *ns,
 * unless it is NULL, the nanoseconds that the system call took. */
int ktls_install(int fd, const struct ktls_session *session, enum ktls_direction dir,
		 enum tlsring_reason *why, uint64_t *ns);
/* A clock to tell such times by, nanoseconds: CLOCK_MONOTONIC. */
uint64_t ktls_install_clock(void);

/* Install TLS_RX anew, as it stands: a kernel that took a part of a KeyUpdate, or what looks like one, for
 * the whole goes on receiving. 0 or -errno. The key is wiped. */
int ktls_install_again(int fd, const struct ktls_session *session);

/* After TLS_RX, TLS 1.3: expect records without padding, which are then opened right into the reader's
 * buffer; others cost double. 0 or -errno. */
int ktls_install_no_pad(int fd);

/* Ask for sendfile from the page cache itself; has an effect on a NIC only. 0 or -errno. */
int ktls_install_zerocopy(int fd);

#endif
