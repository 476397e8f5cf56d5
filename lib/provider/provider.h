/* SPDX-License-Identifier: MIT */
#ifndef LIB_PROVIDER_PROVIDER_H
#define LIB_PROVIDER_PROVIDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <openssl/core.h>
#include <openssl/evp.h>

#define PROVIDER_NAME	"tlsring"

/* The provider inside one OSSL_LIB_CTX. */
struct provider {
	OSSL_LIB_CTX *libctx;
	_Atomic(EVP_MD *) sha256, sha384;	/* owned; fetched at first need */
};

extern const OSSL_DISPATCH provider_x25519[], provider_kdf[];

/* Free the digests. */
void provider_kdf_forget(struct provider *provider);

#endif
