/* SPDX-License-Identifier: MIT */
#ifndef KTLS_SEAL_H
#define KTLS_SEAL_H

#include <stddef.h>
#include "ktls/session.h"

#define KTLS_SEAL_OVERHEAD	(5 + 1 + 16)	/* header, content type, tag */

/*
 * Make the TLS 1.3 record that the peer would send: `data` as a record of `type` under the
 * direction's current secret, numbered seq. It is meant for libssl's eyes only, which opens with
 * it what the kernel opened before (a ticket): put on a wire it would use a nonce twice.
 * out has room for len + KTLS_SEAL_OVERHEAD. The record's length, -EIO, or -EOPNOTSUPP when
 * libcrypto lacks the cipher.
 */
long ktls_seal(const struct ktls_session *session, enum ktls_direction dir, uint64_t seq,
	       uint8_t type, const void *data, size_t len, uint8_t *out);

#endif
