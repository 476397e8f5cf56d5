// SPDX-License-Identifier: MIT
#include <endian.h>
#include <string.h>
#include "ktls/crypto_info.h"
#include "ktls/uapi.h"

static uint8_t *crypto_info_put(uint8_t *at, const void *data, size_t len)
{
	memcpy(at, data, len);
	return at + len;
}

size_t ktls_crypto_info_len(const struct ktls_cipher *cipher)
{
	return sizeof(struct tls_crypto_info) + cipher->iv_len + cipher->key_len +
	       cipher->salt_len + sizeof(uint64_t);
}

/* The structures of linux/tls.h differ only in the lengths of iv, key and salt, in this order. */
size_t ktls_crypto_info(const struct ktls_cipher *cipher, const struct ktls_keys *keys,
			uint64_t seq, uint8_t out[KTLS_CRYPTO_INFO_MAX])
{
	struct tls_crypto_info head = {
		.version = cipher->version, .cipher_type = cipher->kernel_id,
	};
	uint64_t number = htobe64(seq);
	uint8_t *at = crypto_info_put(out, &head, sizeof(head));

	/* The explicit part of a nonce must only never repeat: take the sequence number. */
	if (cipher->fixed_iv_len == cipher->salt_len)
		at = crypto_info_put(at, &number, cipher->iv_len);
	else
		at = crypto_info_put(at, keys->iv + cipher->salt_len, cipher->iv_len);
	at = crypto_info_put(at, keys->key, cipher->key_len);
	at = crypto_info_put(at, keys->iv, cipher->salt_len);
	crypto_info_put(at, &number, sizeof(number));
	return ktls_crypto_info_len(cipher);
}
