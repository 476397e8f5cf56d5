// SPDX-License-Identifier: MIT
/*
 * The key schedule of TLS 1.3 (RFC 8446, 7.1) over HKDF (RFC 5869), with the interface of
 * EVP_KDF-TLS13_KDF(7). A handshake takes some 27 steps of it, each with an EVP_KDF_CTX of its own.
 * libcrypto's implementation costs more: for each step it fetches the digest by name and makes an
 * HMAC_CTX with the contexts of three digests.
 */
#include <stdint.h>
#include <string.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/proverr.h>
#include "lib/provider/provider.h"

#define KDF_LABEL_MAX	255	/* bytes of prefix and label together, and of data */
#define KDF_BLOCK_MAX	256	/* bytes of a digest's block; the longest is 144, of SHA3-224 */

/* A parameter's value, kept until it is set anew. */
struct kdf_octets {
	size_t len;
	uint8_t bytes[KDF_LABEL_MAX];
};

struct kdf {
	struct provider *provider;
	EVP_MD *md;
	int mode;
	uint8_t *key;			/* owned; a shared secret may have any length */
	size_t key_len;
	struct kdf_octets salt, prefix, label, data;	/* len 0: not set */
};

/* ---- HMAC (RFC 2104) and HKDF ---- */

/* A digest, with the context that is used for each of its runs. */
struct kdf_run {
	const EVP_MD *md;
	EVP_MD_CTX *ctx;
	size_t len, block;
};

struct kdf_text {
	const void *bytes;
	size_t len;
};

static bool kdf_digest(const struct kdf_run *run, const uint8_t *pad, struct kdf_text one,
		       struct kdf_text two, uint8_t *out)
{
	return EVP_DigestInit_ex2(run->ctx, run->md, NULL) &&
	       EVP_DigestUpdate(run->ctx, pad, pad ? run->block : 0) &&
	       EVP_DigestUpdate(run->ctx, one.bytes, one.len) &&
	       EVP_DigestUpdate(run->ctx, two.bytes, two.len) &&
	       EVP_DigestFinal_ex(run->ctx, out, NULL);
}

/* HMAC of two texts, one behind the other. */
static bool kdf_hmac(const struct kdf_run *run, struct kdf_text key, struct kdf_text one,
		     struct kdf_text two, uint8_t *out)
{
	const struct kdf_text none = { NULL, 0 };
	uint8_t pad[KDF_BLOCK_MAX], inner[EVP_MAX_MD_SIZE];
	bool done = true;

	memset(pad, 0, run->block);
	if (key.len <= run->block)
		memcpy(pad, key.bytes, key.len);
	else
		done = kdf_digest(run, NULL, key, none, pad);
	for (size_t i = 0; i < run->block; i++)
		pad[i] ^= 0x36;
	done = done && kdf_digest(run, pad, one, two, inner);
	for (size_t i = 0; i < run->block; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	done = done && kdf_digest(run, pad, (struct kdf_text){ inner, run->len }, none, out);
	OPENSSL_cleanse(pad, run->block);
	OPENSSL_cleanse(inner, run->len);
	return done;
}

/* HKDF-Expand. info has room for the counter, one byte, behind its end. */
static bool kdf_expand(const struct kdf_run *run, struct kdf_text key, uint8_t *info,
		       size_t info_len, uint8_t *out, size_t len)
{
	uint8_t block[EVP_MAX_MD_SIZE];
	size_t before = 0;
	bool done = len <= 255 * run->len;

	for (uint8_t i = 1; done && len; i++) {
		size_t part = len < run->len ? len : run->len;

		info[info_len] = i;
		done = kdf_hmac(run, key, (struct kdf_text){ block, before },
				(struct kdf_text){ info, info_len + 1 }, block);
		if (done)
			memcpy(out, block, part);
		out += part;
		len -= part;
		before = run->len;
	}
	OPENSSL_cleanse(block, run->len);
	return done;
}

/* HKDF-Expand-Label of RFC 8446. */
static bool kdf_expand_label(const struct kdf *kdf, const struct kdf_run *run, struct kdf_text key,
			     struct kdf_text data, uint8_t *out, size_t len)
{
	uint8_t info[2 + 1 + KDF_LABEL_MAX + 1 + KDF_LABEL_MAX + 1], *p = info;
	size_t label = kdf->prefix.len + kdf->label.len;

	if (!key.bytes || label > KDF_LABEL_MAX || data.len > KDF_LABEL_MAX || len > UINT16_MAX) {
		ERR_raise(ERR_LIB_PROV, key.bytes ? PROV_R_INVALID_DATA : PROV_R_MISSING_KEY);
		return false;
	}
	*p++ = (uint8_t)(len >> 8);
	*p++ = (uint8_t)len;
	*p++ = (uint8_t)label;
	memcpy(p, kdf->prefix.bytes, kdf->prefix.len);
	memcpy(p + kdf->prefix.len, kdf->label.bytes, kdf->label.len);
	p += label;
	*p++ = (uint8_t)data.len;
	if (data.len)
		memcpy(p, data.bytes, data.len);
	return kdf_expand(run, key, info, (size_t)(p - info) + data.len, out, len);
}

/*
 * Make the next of the three secrets of RFC 8446, 7.1 (Early, Handshake, Master Secret). The salt
 * is the secret before it, the key is the input secret; zeros stand for a salt or key that is not
 * set.
 */
static bool kdf_next_secret(const struct kdf *kdf, const struct kdf_run *run, uint8_t *out,
			    size_t len)
{
	static const uint8_t zeros[EVP_MAX_MD_SIZE];
	const struct kdf_text none = { NULL, 0 }, nothing = { zeros, run->len };
	uint8_t empty[EVP_MAX_MD_SIZE], derived[EVP_MAX_MD_SIZE];
	struct kdf_text salt = nothing, key = nothing;
	bool done = len == run->len;

	if (kdf->key)
		key = (struct kdf_text){ kdf->key, kdf->key_len };
	if (!done)
		ERR_raise(ERR_LIB_PROV, PROV_R_WRONG_OUTPUT_BUFFER_SIZE);
	if (done && kdf->salt.len) {
		salt.bytes = derived;
		done = kdf_digest(run, NULL, none, none, empty) &&
		       kdf_expand_label(kdf, run,
					(struct kdf_text){ kdf->salt.bytes, kdf->salt.len },
					(struct kdf_text){ empty, run->len }, derived, run->len);
	}
	done = done && kdf_hmac(run, salt, key, none, out);
	OPENSSL_cleanse(derived, run->len);
	return done;
}

/* ---- parameters ---- */

/* The digest of this name, fetched once, if it is one of TLS 1.3's usual suites; NULL: it is
 * not. The provider owns it. */
static EVP_MD *kdf_kept(struct provider *provider, const char *name)
{
	bool large = !strcmp(name, "SHA2-384");
	_Atomic(EVP_MD *) *at = large ? &provider->sha384 : &provider->sha256;
	EVP_MD *md, *first = NULL;

	if (!large && strcmp(name, "SHA2-256"))
		return NULL;
	md = atomic_load(at);
	if (md)
		return md;
	md = EVP_MD_fetch(provider->libctx, name, NULL);
	if (!md || atomic_compare_exchange_strong(at, &first, md))
		return md;
	EVP_MD_free(md);
	return first;
}

void provider_kdf_forget(struct provider *provider)
{
	EVP_MD_free(atomic_exchange(&provider->sha256, NULL));
	EVP_MD_free(atomic_exchange(&provider->sha384, NULL));
}

/* A string parameter, or NULL. OSSL_PARAM_get_utf8_string_ptr() costs as much as a digest, and so
 * does the call for octets. */
static const char *kdf_name(const OSSL_PARAM *p)
{
	return p && p->data_type == OSSL_PARAM_UTF8_STRING ? p->data : NULL;
}

static bool kdf_set_digest(struct kdf *kdf, const OSSL_PARAM *p, const OSSL_PARAM params[])
{
	const OSSL_PARAM *properties = OSSL_PARAM_locate_const(params, OSSL_KDF_PARAM_PROPERTIES);
	const char *name = kdf_name(p), *query = kdf_name(properties);
	EVP_MD *md = name && !query ? kdf_kept(kdf->provider, name) : NULL;

	if (md)
		EVP_MD_up_ref(md);
	else if (name)
		md = EVP_MD_fetch(kdf->provider->libctx, name, query);
	if (!md || EVP_MD_get_flags(md) & EVP_MD_FLAG_XOF ||
	    EVP_MD_get_block_size(md) > KDF_BLOCK_MAX) {
		EVP_MD_free(md);
		ERR_raise(ERR_LIB_PROV, PROV_R_INVALID_DIGEST);
		return false;
	}
	EVP_MD_free(kdf->md);
	kdf->md = md;
	return true;
}

static bool kdf_set_mode(struct kdf *kdf, const OSSL_PARAM *p)
{
	const char *name = kdf_name(p);
	int mode = -1;

	if (name)
		mode = !strcmp(name, "EXTRACT_ONLY") ? EVP_KDF_HKDF_MODE_EXTRACT_ONLY :
		       !strcmp(name, "EXPAND_ONLY") ? EVP_KDF_HKDF_MODE_EXPAND_ONLY : -1;
	else if (!OSSL_PARAM_get_int(p, &mode))
		mode = -1;
	if (mode != EVP_KDF_HKDF_MODE_EXTRACT_ONLY && mode != EVP_KDF_HKDF_MODE_EXPAND_ONLY) {
		ERR_raise(ERR_LIB_PROV, PROV_R_INVALID_MODE);
		return false;
	}
	kdf->mode = mode;
	return true;
}

static bool kdf_is_octets(const OSSL_PARAM *p)
{
	return p->data_type == OSSL_PARAM_OCTET_STRING && (p->data || !p->data_size);
}

static bool kdf_set_key(struct kdf *kdf, const OSSL_PARAM *p)
{
	uint8_t *key = kdf_is_octets(p) ? OPENSSL_malloc(p->data_size + 1) : NULL;

	/* One byte more, because malloc(0) may return NULL and an empty key is not a missing
	 * one. */
	if (!key)
		return false;
	if (p->data_size)
		memcpy(key, p->data, p->data_size);
	OPENSSL_clear_free(kdf->key, kdf->key_len);
	kdf->key = key;
	kdf->key_len = p->data_size;
	return true;
}

static bool kdf_set_octets(struct kdf_octets *at, const OSSL_PARAM *p)
{
	if (!kdf_is_octets(p) || p->data_size > sizeof(at->bytes)) {
		ERR_raise(ERR_LIB_PROV, PROV_R_INVALID_DATA);
		return false;
	}
	if (p->data_size)
		memcpy(at->bytes, p->data, p->data_size);
	at->len = p->data_size;
	return true;
}

static int kdf_set(void *ctx, const OSSL_PARAM params[])
{
	struct kdf *kdf = ctx;

	for (const OSSL_PARAM *p = params; p && p->key; p++) {
		bool done = true;

		if (!strcmp(p->key, OSSL_KDF_PARAM_DIGEST))
			done = kdf_set_digest(kdf, p, params);
		else if (!strcmp(p->key, OSSL_KDF_PARAM_MODE))
			done = kdf_set_mode(kdf, p);
		else if (!strcmp(p->key, OSSL_KDF_PARAM_KEY))
			done = kdf_set_key(kdf, p);
		else if (!strcmp(p->key, OSSL_KDF_PARAM_SALT))
			done = kdf_set_octets(&kdf->salt, p);
		else if (!strcmp(p->key, OSSL_KDF_PARAM_PREFIX))
			done = kdf_set_octets(&kdf->prefix, p);
		else if (!strcmp(p->key, OSSL_KDF_PARAM_LABEL))
			done = kdf_set_octets(&kdf->label, p);
		else if (!strcmp(p->key, OSSL_KDF_PARAM_DATA))
			done = kdf_set_octets(&kdf->data, p);
		if (!done)
			return 0;
	}
	return 1;
}

static const OSSL_PARAM *kdf_settable(void *ctx, void *provctx)
{
	static const OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_PROPERTIES, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_MODE, NULL, 0),
		OSSL_PARAM_int(OSSL_KDF_PARAM_MODE, NULL),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_PREFIX, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_LABEL, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_DATA, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)ctx;
	(void)provctx;
	return params;
}

static int kdf_get(void *ctx, OSSL_PARAM params[])
{
	const struct kdf *kdf = ctx;
	OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_KDF_PARAM_SIZE);

	if (!p)
		return 1;
	if (kdf->mode != EVP_KDF_HKDF_MODE_EXTRACT_ONLY)
		return OSSL_PARAM_set_size_t(p, SIZE_MAX);
	return kdf->md && OSSL_PARAM_set_size_t(p, (size_t)EVP_MD_get_size(kdf->md));
}

static const OSSL_PARAM *kdf_gettable(void *ctx, void *provctx)
{
	static const OSSL_PARAM params[] = {
		OSSL_PARAM_size_t(OSSL_KDF_PARAM_SIZE, NULL),
		OSSL_PARAM_END,
	};

	(void)ctx;
	(void)provctx;
	return params;
}

/* ---- a context ---- */

static void *kdf_new(void *provctx)
{
	struct kdf *kdf = OPENSSL_zalloc(sizeof(*kdf));

	if (kdf) {
		kdf->provider = provctx;
		kdf->mode = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND;	/* none was set yet */
	}
	return kdf;
}

static void kdf_reset(void *ctx)
{
	struct kdf *kdf = ctx;
	struct provider *provider = kdf->provider;

	EVP_MD_free(kdf->md);
	OPENSSL_clear_free(kdf->key, kdf->key_len);
	OPENSSL_cleanse(kdf, sizeof(*kdf));
	kdf->provider = provider;
	kdf->mode = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND;
}

static void kdf_free(void *ctx)
{
	struct kdf *kdf = ctx;

	if (!kdf)
		return;
	EVP_MD_free(kdf->md);
	OPENSSL_clear_free(kdf->key, kdf->key_len);
	/* The salt is the only secret among the octets. */
	OPENSSL_cleanse(kdf->salt.bytes, kdf->salt.len);
	OPENSSL_free(kdf);
}

static void *kdf_dup(void *ctx)
{
	struct kdf *from = ctx, *kdf = OPENSSL_memdup(from, sizeof(*from));

	if (!kdf)
		return NULL;
	kdf->key = from->key ? OPENSSL_memdup(from->key, from->key_len + 1) : NULL;
	if (kdf->md)
		EVP_MD_up_ref(kdf->md);
	if (kdf->key || !from->key)
		return kdf;
	kdf_free(kdf);
	return NULL;
}

static int kdf_derive(void *ctx, unsigned char *out, size_t len, const OSSL_PARAM params[])
{
	struct kdf *kdf = ctx;
	struct kdf_run run;
	bool done;

	if (!kdf_set(kdf, params))
		return 0;
	if (!kdf->md || kdf->mode == EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND) {
		ERR_raise(ERR_LIB_PROV,
			  kdf->md ? PROV_R_INVALID_MODE : PROV_R_MISSING_MESSAGE_DIGEST);
		return 0;
	}
	run = (struct kdf_run){ kdf->md, EVP_MD_CTX_new(), (size_t)EVP_MD_get_size(kdf->md),
				(size_t)EVP_MD_get_block_size(kdf->md) };
	if (!run.ctx)
		return 0;
	if (kdf->mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY)
		done = kdf_next_secret(kdf, &run, out, len);
	else
		done = kdf_expand_label(kdf, &run, (struct kdf_text){ kdf->key, kdf->key_len },
					(struct kdf_text){ kdf->data.bytes, kdf->data.len },
					out, len);
	EVP_MD_CTX_free(run.ctx);
	if (!done)
		OPENSSL_cleanse(out, len);
	return done;
}

const OSSL_DISPATCH provider_kdf[] = {
	{ OSSL_FUNC_KDF_NEWCTX, (void (*)(void))kdf_new },
	{ OSSL_FUNC_KDF_DUPCTX, (void (*)(void))kdf_dup },
	{ OSSL_FUNC_KDF_FREECTX, (void (*)(void))kdf_free },
	{ OSSL_FUNC_KDF_RESET, (void (*)(void))kdf_reset },
	{ OSSL_FUNC_KDF_DERIVE, (void (*)(void))kdf_derive },
	{ OSSL_FUNC_KDF_SETTABLE_CTX_PARAMS, (void (*)(void))kdf_settable },
	{ OSSL_FUNC_KDF_SET_CTX_PARAMS, (void (*)(void))kdf_set },
	{ OSSL_FUNC_KDF_GETTABLE_CTX_PARAMS, (void (*)(void))kdf_gettable },
	{ OSSL_FUNC_KDF_GET_CTX_PARAMS, (void (*)(void))kdf_get },
	{ 0, NULL },
};
