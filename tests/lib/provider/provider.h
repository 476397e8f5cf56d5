/* SPDX-License-Identifier: MIT */
#ifndef TESTS_LIB_PROVIDER_PROVIDER_H
#define TESTS_LIB_PROVIDER_PROVIDER_H

/* Shared by the tests of the provider. */

#include <stdbool.h>
#include <stdint.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include "lib/tlsring.h"
#include "tests/ktap.h"

#define OURS	"provider=tlsring"
#define THEIRS	"provider=default"

static OSSL_PROVIDER *provider_loaded;

static inline void provider_end(void)
{
	OSSL_PROVIDER_unload(provider_loaded);
}

/* Load the provider into the default context, as serve does, until the test ends. */
static inline void provider_begin(void)
{
	EQ(tlsring_provider_load(&provider_loaded, NULL), 0);
	atexit(provider_end);
}

static inline bool provider_ours(const OSSL_PROVIDER *provider)
{
	return provider && !strcmp(OSSL_PROVIDER_get0_name(provider), "tlsring");
}

/* Read hexadecimal digits. */
static inline size_t provider_bytes(const char *digits, uint8_t *out, size_t room)
{
	size_t len = 0;

	EQ(OPENSSL_hexstr2buf_ex(out, room, &len, digits, '\0'), 1);
	return len;
}

#endif
