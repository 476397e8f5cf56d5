// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include "ktls/algorithms.h"

#define ALGORITHMS_AEADS 16 /* kernel ids, which are consecutive */
#define ALGORITHMS_FIRST 51 /* TLS_CIPHER_AES_GCM_128 */

/* A NULL pointer was not fetched yet, or could not be: providers may be loaded later. */
struct ktls_algorithms {
	OSSL_LIB_CTX *libctx;
	char *properties; /* owned, or NULL */
	_Atomic(EVP_CIPHER *) aeads[ALGORITHMS_AEADS];
	_Atomic(EVP_KDF *) hkdf, prf;
};

static struct ktls_algorithms algorithms_default;

int ktls_algorithms_new(struct ktls_algorithms **out, OSSL_LIB_CTX *libctx, const char *properties)
{
	struct ktls_algorithms *algorithms;

	algorithms = calloc(1, sizeof(*algorithms));
	if (algorithms && properties)
		algorithms->properties = strdup(properties);
	if (!algorithms || (properties && !algorithms->properties)) {
		free(algorithms);
		return -ENOMEM;
	}
	algorithms->libctx = libctx;
	*out = algorithms;
	return 0;
}

void ktls_algorithms_free(struct ktls_algorithms *algorithms)
{
	if (!algorithms)
		return;
	for (unsigned i = 0; i < ALGORITHMS_AEADS; i++)
		EVP_CIPHER_free(algorithms->aeads[i]);
	EVP_KDF_free(algorithms->hkdf);
	EVP_KDF_free(algorithms->prf);
	free(algorithms->properties);
	free(algorithms);
}

const EVP_CIPHER *ktls_algorithms_aead(struct ktls_algorithms *algorithms,
				       const struct ktls_cipher *cipher)
{
	unsigned row = (unsigned)cipher->kernel_id - ALGORITHMS_FIRST;
	EVP_CIPHER *found, *first = NULL;

	if (row >= ALGORITHMS_AEADS)
		return NULL;
	if (!algorithms)
		algorithms = &algorithms_default;
	found = atomic_load_explicit(&algorithms->aeads[row], memory_order_acquire);
	if (found)
		return found;
	found = EVP_CIPHER_fetch(algorithms->libctx, cipher->aead, algorithms->properties);
	if (!found || atomic_compare_exchange_strong(&algorithms->aeads[row], &first, found))
		return found;
	EVP_CIPHER_free(found);
	return first;
}

static EVP_KDF *algorithms_kdf(struct ktls_algorithms *algorithms, _Atomic(EVP_KDF *) *kept,
			       const char *name)
{
	EVP_KDF *found = atomic_load_explicit(kept, memory_order_acquire), *first = NULL;

	if (found)
		return found;
	found = EVP_KDF_fetch(algorithms->libctx, name, algorithms->properties);
	if (!found || atomic_compare_exchange_strong(kept, &first, found))
		return found;
	EVP_KDF_free(found);
	return first;
}

EVP_KDF *ktls_algorithms_hkdf(struct ktls_algorithms *algorithms)
{
	if (!algorithms)
		algorithms = &algorithms_default;
	return algorithms_kdf(algorithms, &algorithms->hkdf, "TLS13-KDF");
}

EVP_KDF *ktls_algorithms_prf(struct ktls_algorithms *algorithms)
{
	if (!algorithms)
		algorithms = &algorithms_default;
	return algorithms_kdf(algorithms, &algorithms->prf, "TLS1-PRF");
}
