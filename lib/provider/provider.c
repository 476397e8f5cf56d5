// SPDX-License-Identifier: MIT
/* An OpenSSL provider, provider(7), for the costliest parts of a TLS 1.3 handshake. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <sodium.h>
#include "lib/provider/provider.h"
#include "lib/tlsring.h"

static const OSSL_ALGORITHM provider_keys[] = {
	{ "X25519:1.3.101.110", "provider=" PROVIDER_NAME, provider_x25519, "X25519 keys" },
	{ NULL, NULL, NULL, NULL },
};

static const OSSL_ALGORITHM provider_kdfs[] = {
	{ "TLS13-KDF", "provider=" PROVIDER_NAME, provider_kdf, "key schedule of TLS 1.3" },
	{ NULL, NULL, NULL, NULL },
};

static const OSSL_ALGORITHM *provider_query(void *provctx, int operation, int *no_cache)
{
	(void)provctx;
	*no_cache = 0;
	if (operation == OSSL_OP_KEYMGMT)
		return provider_keys;
	return operation == OSSL_OP_KDF ? provider_kdfs : NULL;
}

/* libssl offers a group only if the provider that declares it also gives the keys for it. */
static int provider_capabilities(void *provctx, const char *capability, OSSL_CALLBACK *each,
				 void *arg)
{
	unsigned id = 0x001d, bits = 128;	/* by IANA; by RFC 7748, 7 */
	int tls_min = TLS1_VERSION, dtls_min = DTLS1_VERSION, none = 0;
	const OSSL_PARAM group[] = {
		OSSL_PARAM_utf8_string(OSSL_CAPABILITY_TLS_GROUP_NAME, "x25519", sizeof("x25519")),
		OSSL_PARAM_utf8_string(OSSL_CAPABILITY_TLS_GROUP_NAME_INTERNAL, "X25519",
				       sizeof("X25519")),
		OSSL_PARAM_utf8_string(OSSL_CAPABILITY_TLS_GROUP_ALG, "X25519", sizeof("X25519")),
		OSSL_PARAM_uint(OSSL_CAPABILITY_TLS_GROUP_ID, &id),
		OSSL_PARAM_uint(OSSL_CAPABILITY_TLS_GROUP_SECURITY_BITS, &bits),
		OSSL_PARAM_int(OSSL_CAPABILITY_TLS_GROUP_MIN_TLS, &tls_min),
		OSSL_PARAM_int(OSSL_CAPABILITY_TLS_GROUP_MAX_TLS, &none),
		OSSL_PARAM_int(OSSL_CAPABILITY_TLS_GROUP_MIN_DTLS, &dtls_min),
		OSSL_PARAM_int(OSSL_CAPABILITY_TLS_GROUP_MAX_DTLS, &none),
		OSSL_PARAM_END,
	};

	(void)provctx;
	return strcmp(capability, "TLS-GROUP") || each(group, arg);
}

static const OSSL_PARAM *provider_gettable(void *provctx)
{
	static const OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_NAME, NULL, 0),
		OSSL_PARAM_utf8_ptr(OSSL_PROV_PARAM_VERSION, NULL, 0),
		OSSL_PARAM_int(OSSL_PROV_PARAM_STATUS, NULL),
		OSSL_PARAM_END,
	};

	(void)provctx;
	return params;
}

static int provider_get(void *provctx, OSSL_PARAM params[])
{
	OSSL_PARAM *p;

	(void)provctx;
	p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_NAME);
	if (p && !OSSL_PARAM_set_utf8_ptr(p, PROVIDER_NAME))
		return 0;
	p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_VERSION);
	if (p && !OSSL_PARAM_set_utf8_ptr(p, TLSRING_VERSION))
		return 0;
	p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
	return !p || OSSL_PARAM_set_int(p, 1);
}

static void provider_teardown(void *provctx)
{
	provider_kdf_forget(provctx);
	free(provctx);
}

static const OSSL_DISPATCH provider_functions[] = {
	{ OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))provider_teardown },
	{ OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))provider_query },
	{ OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (void (*)(void))provider_capabilities },
	{ OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, (void (*)(void))provider_gettable },
	{ OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))provider_get },
	{ 0, NULL },
};

static int provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
			 const OSSL_DISPATCH **out, void **provctx)
{
	OSSL_FUNC_core_get_libctx_fn *libctx = NULL;
	struct provider *provider;

	for (; in->function_id; in++)
		if (in->function_id == OSSL_FUNC_CORE_GET_LIBCTX)
			libctx = OSSL_FUNC_core_get_libctx(in);
	provider = libctx && sodium_init() >= 0 ? calloc(1, sizeof(*provider)) : NULL;
	if (!provider)
		return 0;
	/* A built-in provider may use the handle as a library context: provider-base(7). */
	provider->libctx = (OSSL_LIB_CTX *)libctx(handle);
	*out = provider_functions;
	*provctx = provider;
	return 1;
}

/* ---- loading ---- */

int tlsring_provider_load(struct ossl_provider_st **out, struct ossl_lib_ctx_st *libctx)
{
	*out = NULL;
	if (EVP_default_properties_is_fips_enabled(libctx) ||
	    OSSL_PROVIDER_available(libctx, "fips"))
		return -EOPNOTSUPP;
	ERR_set_mark();
	/* retain_fallbacks = 1: the default provider must still be loaded by itself. */
	if (OSSL_PROVIDER_available(libctx, PROVIDER_NAME) ||
	    OSSL_PROVIDER_add_builtin(libctx, PROVIDER_NAME, provider_init))
		*out = OSSL_PROVIDER_try_load(libctx, PROVIDER_NAME, 1);
	ERR_pop_to_mark();
	return *out ? 0 : -ENOMEM;
}
