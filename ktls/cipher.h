/* SPDX-License-Identifier: MIT */
#ifndef KTLS_CIPHER_H
#define KTLS_CIPHER_H

#include <stdint.h>

#define KTLS_TLS12 0x0303 /* versions, as the protocol writes them */
#define KTLS_TLS13 0x0304

#define KTLS_KEY_MAX	32
#define KTLS_IV_MAX	12

/* Everything tlsring knows about a cipher suite that kernel TLS may carry. */
struct ktls_cipher {
	uint16_t id;		/* IANA cipher suite */
	uint16_t version;	/* 0x0303 or 0x0304: the only version it exists in */
	uint16_t kernel_id;	/* TLS_CIPHER_* of linux/tls.h */
	uint8_t key_len;
	uint8_t salt_len;	/* kernel's "salt" field; 0 for ChaCha20 */
	uint8_t iv_len;		/* kernel's "iv" field */
	uint8_t fixed_iv_len;	/* what the key schedule yields as IV */
	uint8_t tag_len;
	const char *name;	/* OpenSSL's name of the suite */
	const char *aead;	/* EVP_CIPHER name */
	const char *rare;	/* its name in /proc/crypto where few kernels have it, else NULL */
	const char *digest;	/* EVP_MD name for the key schedule */
	uint64_t record_limit;	/* full-size records under one key */
};

/* NULL when kernel TLS knows no such suite. */
const struct ktls_cipher *ktls_cipher_find(uint16_t version, uint16_t id);
/* Walk the table: ktls_cipher_at(0), (1), ... NULL at its end. */
const struct ktls_cipher *ktls_cipher_at(unsigned index);

#endif
