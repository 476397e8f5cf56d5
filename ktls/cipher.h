/* SPDX-License-Identifier: MIT */
#ifndef KTLS_CIPHER_H
#define KTLS_CIPHER_H

#include <stdint.h>

/* Versions, as the protocol writes them. */
#define KTLS_TLS12 0x0303
#define KTLS_TLS13 0x0304

#define KTLS_KEY_MAX	32
#define KTLS_IV_MAX	12

/* A cipher suite that kernel TLS may carry. */
struct ktls_cipher {
	uint16_t id;		/* IANA cipher suite */
	uint16_t version;	/* KTLS_TLS12 or KTLS_TLS13: a suite exists in one version only */
	uint16_t kernel_id;	/* TLS_CIPHER_* of linux/tls.h */
	uint8_t key_len;
	uint8_t salt_len;	/* of the kernel's "salt" field; 0 for ChaCha20 */
	uint8_t iv_len;		/* of the kernel's "iv" field */
	uint8_t fixed_iv_len;	/* of the IV that the key schedule derives */
	uint8_t tag_len;
	const char *name;	/* OpenSSL's name of the suite */
	const char *aead;	/* EVP_CIPHER name */
	const char *rare;	/* name in /proc/crypto, for a cipher that few kernels have */
	const char *digest;	/* EVP_MD name for the key schedule */
	uint64_t record_limit;	/* records of full size under one key */
};

/* OpenSSL's name of a version ("TLSv1.3"); "?" for one that is not known. */
const char *ktls_version_name(uint16_t version);

/* NULL: kernel TLS has no such suite. */
const struct ktls_cipher *ktls_cipher_find(uint16_t version, uint16_t id);
/* Walk the table from index 0 on. NULL: its end. */
const struct ktls_cipher *ktls_cipher_at(unsigned index);

#endif
