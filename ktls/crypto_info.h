/* SPDX-License-Identifier: MIT */
#ifndef KTLS_CRYPTO_INFO_H
#define KTLS_CRYPTO_INFO_H

#include "ktls/schedule.h"

#define KTLS_CRYPTO_INFO_MAX	(4 + KTLS_IV_MAX + KTLS_KEY_MAX + 4 + 8)

/* So long is a cipher's. */
size_t ktls_crypto_info_len(const struct ktls_cipher *cipher);
/* Lays out what setsockopt TLS_TX / TLS_RX takes (struct tls12_crypto_info_* of linux/tls.h).
 * Its length; the caller wipes out. */
size_t ktls_crypto_info(const struct ktls_cipher *cipher, const struct ktls_keys *keys, uint64_t seq,
			uint8_t out[KTLS_CRYPTO_INFO_MAX]);

#endif
