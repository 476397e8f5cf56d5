// SPDX-License-Identifier: MIT
/*
 * X25519 keys (RFC 7748). libcrypto multiplies the base point in C, with limbs of 32 bits;
 * libsodium has limbs of 51 bits, and takes constant time too. There is no key exchange here:
 * libcrypto exports the keys to its default provider, whose assembler derives shared secrets just
 * as fast.
 */
#include <string.h>
#include <strings.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/proverr.h>
#include <openssl/rand.h>
#include <sodium.h>
#include "lib/provider/provider.h"

#define X25519_LEN	32

struct x25519 {
	struct provider *provider;
	bool has_public, has_private;
	uint8_t public[X25519_LEN], private[X25519_LEN];
};

static void x25519_public(struct x25519 *key)
{
	crypto_scalarmult_curve25519_base(key->public, key->private);
	key->has_public = true;
}

/* ---- keys ---- */

static void *x25519_new(void *provctx)
{
	struct x25519 *key = OPENSSL_zalloc(sizeof(*key));

	if (key)
		key->provider = provctx;
	return key;
}

static void x25519_free(void *keydata)
{
	OPENSSL_clear_free(keydata, sizeof(struct x25519));
}

static void *x25519_dup(const void *from, int selection)
{
	struct x25519 *key = OPENSSL_memdup(from, sizeof(*key));

	if (key && !(selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY))
		key->has_public = false;
	if (key && !(selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY)) {
		key->has_private = false;
		OPENSSL_cleanse(key->private, sizeof(key->private));
	}
	return key;
}

static int x25519_has(const void *keydata, int selection)
{
	const struct x25519 *key = keydata;

	return key && (!(selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) || key->has_public) &&
	       (!(selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) || key->has_private);
}

static int x25519_match(const void *keydata, const void *other, int selection)
{
	const struct x25519 *a = keydata, *b = other;

	if (!(selection & OSSL_KEYMGMT_SELECT_KEYPAIR))
		return 1;
	return a->has_public && b->has_public && !memcmp(a->public, b->public, X25519_LEN);
}

static int x25519_validate(const void *keydata, int selection, int how)
{
	const struct x25519 *key = keydata;
	uint8_t public[X25519_LEN];

	(void)how;
	if (!x25519_has(key, selection))
		return 0;
	if ((selection & OSSL_KEYMGMT_SELECT_KEYPAIR) != OSSL_KEYMGMT_SELECT_KEYPAIR)
		return 1;
	crypto_scalarmult_curve25519_base(public, key->private);
	return !memcmp(public, key->public, X25519_LEN);
}

/* ---- parameters ---- */

static const OSSL_PARAM *x25519_gettable(void *provctx)
{
	static const OSSL_PARAM params[] = {
		OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)provctx;
	return params;
}

static int x25519_get_int(OSSL_PARAM params[], const char *name, int value)
{
	OSSL_PARAM *p = OSSL_PARAM_locate(params, name);

	return !p || OSSL_PARAM_set_int(p, value);
}

static int x25519_get_octets(OSSL_PARAM params[], const char *name, bool there,
			     const uint8_t *value)
{
	OSSL_PARAM *p = there ? OSSL_PARAM_locate(params, name) : NULL;

	return !p || OSSL_PARAM_set_octet_string(p, value, X25519_LEN);
}

static int x25519_get(void *keydata, OSSL_PARAM params[])
{
	const struct x25519 *key = keydata;

	return x25519_get_int(params, OSSL_PKEY_PARAM_BITS, 253) &&
	       x25519_get_int(params, OSSL_PKEY_PARAM_SECURITY_BITS, 128) &&
	       x25519_get_int(params, OSSL_PKEY_PARAM_MAX_SIZE, X25519_LEN) &&
	       x25519_get_octets(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, key->has_public,
				 key->public) &&
	       x25519_get_octets(params, OSSL_PKEY_PARAM_PUB_KEY, key->has_public, key->public) &&
	       x25519_get_octets(params, OSSL_PKEY_PARAM_PRIV_KEY, key->has_private, key->private);
}

static const OSSL_PARAM *x25519_settable(void *provctx)
{
	static const OSSL_PARAM params[] = {
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)provctx;
	return params;
}

static bool x25519_octets(const OSSL_PARAM *p, uint8_t value[X25519_LEN])
{
	size_t len = 0;

	if (p->data_size == X25519_LEN &&
	    OSSL_PARAM_get_octet_string(p, (void **)&value, X25519_LEN, &len))
		return true;
	ERR_raise(ERR_LIB_PROV, PROV_R_INVALID_KEY_LENGTH);
	return false;
}

/* Set a peer's key share. */
static int x25519_set(void *keydata, const OSSL_PARAM params[])
{
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY);
	struct x25519 *key = keydata;

	if (!p)
		return 1;
	if (!x25519_octets(p, key->public))
		return 0;
	key->has_public = true;
	key->has_private = false;
	OPENSSL_cleanse(key->private, sizeof(key->private));
	return 1;
}

/* ---- import and export ---- */

static const OSSL_PARAM *x25519_types(int selection)
{
	static const OSSL_PARAM params[] = {
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, NULL, 0),
		OSSL_PARAM_END,
	};

	return selection & OSSL_KEYMGMT_SELECT_KEYPAIR ? params : NULL;
}

static int x25519_import(void *keydata, int selection, const OSSL_PARAM params[])
{
	const OSSL_PARAM *public = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PUB_KEY);
	const OSSL_PARAM *private = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PRIV_KEY);
	struct x25519 *key = keydata;

	if (!(selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY))
		private = NULL;
	if (!(selection & OSSL_KEYMGMT_SELECT_KEYPAIR) || (!public && !private))
		return 0;
	if (private && !x25519_octets(private, key->private))
		return 0;
	if (public && !x25519_octets(public, key->public))
		return 0;
	key->has_private = private;
	key->has_public = public;
	if (!public)
		x25519_public(key);
	return 1;
}

static OSSL_PARAM x25519_octets_of(const char *name, uint8_t value[X25519_LEN])
{
	return OSSL_PARAM_construct_octet_string(name, value, X25519_LEN);
}

static int x25519_export(void *keydata, int selection, OSSL_CALLBACK *take, void *arg)
{
	struct x25519 *key = keydata;
	OSSL_PARAM params[3], *p = params;

	if (selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY && key->has_public)
		*p++ = x25519_octets_of(OSSL_PKEY_PARAM_PUB_KEY, key->public);
	if (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY && key->has_private)
		*p++ = x25519_octets_of(OSSL_PKEY_PARAM_PRIV_KEY, key->private);
	*p = OSSL_PARAM_construct_end();
	return take(params, arg);
}

/* ---- generation ---- */

struct x25519_gen {
	struct provider *provider;
	int selection;
};

/* A seed (HPKE's) is refused, because the keys are random. */
static int x25519_gen_set(void *genctx, const OSSL_PARAM params[])
{
	const OSSL_PARAM *group = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_GROUP_NAME);

	(void)genctx;
	if ((!group || (group->data_type == OSSL_PARAM_UTF8_STRING && group->data &&
			!strcasecmp(group->data, "x25519"))) &&
	    !OSSL_PARAM_locate_const(params, "dhkem-ikm"))
		return 1;
	ERR_raise(ERR_LIB_PROV, ERR_R_PASSED_INVALID_ARGUMENT);
	return 0;
}

static const OSSL_PARAM *x25519_gen_settable(void *genctx, void *provctx)
{
	static const OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)genctx;
	(void)provctx;
	return params;
}

static void *x25519_gen_init(void *provctx, int selection, const OSSL_PARAM params[])
{
	struct x25519_gen *gen = x25519_gen_set(NULL, params) ? OPENSSL_zalloc(sizeof(*gen)) : NULL;

	if (gen)
		*gen = (struct x25519_gen){ .provider = provctx, .selection = selection };
	return gen;
}

static bool x25519_make(struct x25519 *key)
{
	if (RAND_priv_bytes_ex(key->provider->libctx, key->private, X25519_LEN, 0) <= 0)
		return false;
	/* Clamp the scalar: RFC 7748, 5. */
	key->private[0] &= 248;
	key->private[31] &= 127;
	key->private[31] |= 64;
	key->has_private = true;
	x25519_public(key);
	return true;
}

/* A selection without a key pair asks for the group's parameters, of which there are none. libssl
 * then sets the peer's key share in the empty key. */
static void *x25519_gen(void *genctx, OSSL_CALLBACK *progress, void *arg)
{
	const struct x25519_gen *gen = genctx;
	struct x25519 *key = x25519_new(gen->provider);

	(void)progress;
	(void)arg;
	if (!key || !(gen->selection & OSSL_KEYMGMT_SELECT_KEYPAIR) || x25519_make(key))
		return key;
	x25519_free(key);
	return NULL;
}

static void x25519_gen_cleanup(void *genctx)
{
	OPENSSL_free(genctx);
}

const OSSL_DISPATCH provider_x25519[] = {
	{ OSSL_FUNC_KEYMGMT_NEW, (void (*)(void))x25519_new },
	{ OSSL_FUNC_KEYMGMT_FREE, (void (*)(void))x25519_free },
	{ OSSL_FUNC_KEYMGMT_DUP, (void (*)(void))x25519_dup },
	{ OSSL_FUNC_KEYMGMT_HAS, (void (*)(void))x25519_has },
	{ OSSL_FUNC_KEYMGMT_MATCH, (void (*)(void))x25519_match },
	{ OSSL_FUNC_KEYMGMT_VALIDATE, (void (*)(void))x25519_validate },
	{ OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, (void (*)(void))x25519_gettable },
	{ OSSL_FUNC_KEYMGMT_GET_PARAMS, (void (*)(void))x25519_get },
	{ OSSL_FUNC_KEYMGMT_SETTABLE_PARAMS, (void (*)(void))x25519_settable },
	{ OSSL_FUNC_KEYMGMT_SET_PARAMS, (void (*)(void))x25519_set },
	{ OSSL_FUNC_KEYMGMT_IMPORT, (void (*)(void))x25519_import },
	{ OSSL_FUNC_KEYMGMT_IMPORT_TYPES, (void (*)(void))x25519_types },
	{ OSSL_FUNC_KEYMGMT_EXPORT, (void (*)(void))x25519_export },
	{ OSSL_FUNC_KEYMGMT_EXPORT_TYPES, (void (*)(void))x25519_types },
	{ OSSL_FUNC_KEYMGMT_GEN_INIT, (void (*)(void))x25519_gen_init },
	{ OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS, (void (*)(void))x25519_gen_set },
	{ OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, (void (*)(void))x25519_gen_settable },
	{ OSSL_FUNC_KEYMGMT_GEN, (void (*)(void))x25519_gen },
	{ OSSL_FUNC_KEYMGMT_GEN_CLEANUP, (void (*)(void))x25519_gen_cleanup },
	{ 0, NULL },
};
