/* SPDX-License-Identifier: MIT */
#ifndef LIB_PROVIDER_PROVIDER_H
#define LIB_PROVIDER_PROVIDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <openssl/core.h>
#include <openssl/evp.h>

#define PROVIDER_NAME	"tlsring"

/* One for each OSSL_LIB_CTX that it is loaded into. */
struct provider {
	OSSL_LIB_CTX *libctx;
	_Atomic(EVP_MD *) sha256, sha384;	/* once they were needed; a fetch is dear */
};

extern const OSSL_DISPATCH provider_x25519[], provider_kdf[];

/* Frees the digests. */
void provider_kdf_forget(struct provider *provider);

#endif
