/* SPDX-License-Identifier: MIT */
#ifndef KTLS_SCHEDULE_H
#define KTLS_SCHEDULE_H

#include <stddef.h>
#include "ktls/session.h"

/* A direction's record key and IV; lives on the stack, ktls_keys_wipe()d there. */
struct ktls_keys {
	uint8_t key[KTLS_KEY_MAX];
	uint8_t iv[KTLS_IV_MAX];
};

void ktls_keys_wipe(struct ktls_keys *keys);

/* Record key and IV of one direction, both versions. 0 or -EIO (libcrypto failed). */
int ktls_schedule_keys(const struct ktls_session *session, enum ktls_direction dir,
		       struct ktls_keys *out);
/* TLS 1.3: replace the direction's traffic secret by its successor, seq = 0 (RFC 8446, 7.2). */
int ktls_schedule_next(struct ktls_session *session, enum ktls_direction dir);
/* TLS 1.2: fill both directions from the master secret (RFC 5246, 6.3); seq is left alone. */
int ktls_schedule_tls12(struct ktls_session *session, int server,
			const uint8_t *master, size_t master_len,
			const uint8_t client_random[32], const uint8_t server_random[32]);

#endif
