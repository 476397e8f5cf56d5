/* SPDX-License-Identifier: MIT */
#ifndef KTLS_CRYPTO_INFO_H
#define KTLS_CRYPTO_INFO_H

#include "ktls/schedule.h"

#define KTLS_CRYPTO_INFO_MAX	(4 + KTLS_IV_MAX + KTLS_KEY_MAX + 4 + 8)

/* The length of what ktls_crypto_info() writes. */
size_t ktls_crypto_info_len(const struct ktls_cipher *cipher);
/* Write what setsockopt TLS_TX and TLS_RX take (struct tls12_crypto_info_* of linux/tls.h). Returns
 * its length. The caller wipes out. */
size_t ktls_crypto_info(const struct ktls_cipher *cipher, const struct ktls_keys *keys,
			uint64_t seq, uint8_t out[KTLS_CRYPTO_INFO_MAX]);

#endif
