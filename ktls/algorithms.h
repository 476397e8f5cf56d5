/* SPDX-License-Identifier: MIT */
#ifndef KTLS_ALGORITHMS_H
#define KTLS_ALGORITHMS_H

#include <openssl/types.h>
#include "ktls/cipher.h"

/*
 * The algorithms of one libcrypto library context, as its providers and the property query give
 * them. Each is fetched when it is first wanted and kept, since a fetch costs more than a
 * derivation. Owner: whoever called ktls_algorithms_new().
 */
struct ktls_algorithms;

/* libctx NULL: libcrypto's default context. properties NULL: its default ones; else copied. The
 * library context stays the caller's and must live longer. 0 or -ENOMEM. */
int ktls_algorithms_new(struct ktls_algorithms **out, OSSL_LIB_CTX *libctx, const char *properties);
void ktls_algorithms_free(struct ktls_algorithms *algorithms);

/* Any thread. algorithms NULL: those of the default library context, which are never freed. The
 * result stays owned by algorithms; NULL: no provider has it. */
const EVP_CIPHER *ktls_algorithms_aead(struct ktls_algorithms *algorithms,
				       const struct ktls_cipher *cipher);
EVP_KDF *ktls_algorithms_hkdf(struct ktls_algorithms *algorithms);
EVP_KDF *ktls_algorithms_prf(struct ktls_algorithms *algorithms);

#endif
