/* SPDX-License-Identifier: MIT */
#ifndef KTLS_INSTALL_H
#define KTLS_INSTALL_H

#include <stdint.h>
#include "ktls/tlsring_reason.h"
#include "ktls/session.h"

/* setsockopt TCP_ULP "tls", which cannot be undone. Returns 0, or -errno and sets *why. */
int ktls_install_ulp(int fd, enum tlsring_reason *why);
/* setsockopt TLS_TX or TLS_RX with the session's current secret and sequence number, at first or
 * after a KeyUpdate. Returns 0, or -errno and sets *why. Wipes the derived keys. A process asks the
 * kernel only once for a cipher that it lacks (-ENOENT). Adds the nanoseconds that the system call
 * took to *ns, which may be NULL. */
int ktls_install(int fd, const struct ktls_session *session, enum ktls_direction dir,
		 enum tlsring_reason *why, uint64_t *ns);
/* The clock of those times: CLOCK_MONOTONIC in nanoseconds. */
uint64_t ktls_install_clock(void);

/* Install TLS_RX again with the key and sequence number that the kernel has. A kernel that took a
 * part of a KeyUpdate for the whole message then goes on receiving. Returns 0 or -errno. Wipes the
 * key. */
int ktls_install_again(int fd, const struct ktls_session *session);

/* TLS 1.3, after TLS_RX: expect records without padding. The kernel opens those straight into the
 * reader's buffer; others cost twice as much. Returns 0 or -errno. */
int ktls_install_no_pad(int fd);

/* Let a NIC send from the page cache without a copy (sendfile). Returns 0 or -errno. */
int ktls_install_zerocopy(int fd);

#endif
