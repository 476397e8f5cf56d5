// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include "ktls/algorithms.h"
#include "ktls/schedule.h"

static OSSL_PARAM schedule_octets(const char *key, const void *data, size_t len)
{
	return OSSL_PARAM_construct_octet_string(key, (void *)data, len);
}

static OSSL_PARAM schedule_digest(const struct ktls_cipher *cipher)
{
	return OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)cipher->digest, 0);
}

/* HKDF-Expand-Label with an empty context (RFC 8446, 7.1); ctx already has the secret. */
static int schedule_label(EVP_KDF_CTX *ctx, const char *label, uint8_t *out, size_t len)
{
	OSSL_PARAM params[] = {
		schedule_octets(OSSL_KDF_PARAM_LABEL, label, strlen(label)),
		OSSL_PARAM_construct_end(),
	};

	return EVP_KDF_derive(ctx, out, len, params) > 0 ? 0 : -EIO;
}

static EVP_KDF_CTX *schedule_expand(const struct ktls_session *session, enum ktls_direction dir)
{
	const struct ktls_secret *secret = &session->dir[dir];
	EVP_KDF *hkdf = ktls_algorithms_hkdf(session->algorithms);
	int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
		schedule_digest(session->cipher),
		schedule_octets(OSSL_KDF_PARAM_KEY, secret->bytes, secret->len),
		schedule_octets(OSSL_KDF_PARAM_PREFIX, "tls13 ", 6),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF_CTX *ctx;

	ctx = hkdf ? EVP_KDF_CTX_new(hkdf) : NULL;
	if (ctx && EVP_KDF_CTX_set_params(ctx, params) <= 0) {
		EVP_KDF_CTX_free(ctx);
		ctx = NULL;
	}
	return ctx;
}

void ktls_keys_wipe(struct ktls_keys *keys)
{
	OPENSSL_cleanse(keys, sizeof(*keys));
}

static int schedule_tls13_keys(const struct ktls_session *session, enum ktls_direction dir,
			       struct ktls_keys *out)
{
	EVP_KDF_CTX *ctx = schedule_expand(session, dir);
	int ret;

	if (!ctx)
		return -EIO;
	ret = schedule_label(ctx, "key", out->key, session->cipher->key_len);
	if (!ret)
		ret = schedule_label(ctx, "iv", out->iv, session->cipher->fixed_iv_len);
	EVP_KDF_CTX_free(ctx);
	if (ret)
		ktls_keys_wipe(out);
	return ret;
}

int ktls_schedule_keys(const struct ktls_session *session, enum ktls_direction dir,
		       struct ktls_keys *out)
{
	const struct ktls_cipher *cipher = session->cipher;
	const struct ktls_secret *secret = &session->dir[dir];

	memset(out, 0, sizeof(*out));
	if (!secret->len)
		return -EIO;
	if (session->version >= KTLS_TLS13)
		return schedule_tls13_keys(session, dir, out);
	memcpy(out->key, secret->bytes, cipher->key_len);
	memcpy(out->iv, secret->bytes + cipher->key_len, cipher->fixed_iv_len);
	return 0;
}

int ktls_schedule_next(struct ktls_session *session, enum ktls_direction dir)
{
	struct ktls_secret *secret = &session->dir[dir];
	uint8_t next[KTLS_SECRET_MAX];
	EVP_KDF_CTX *ctx;
	int ret;

	if (session->version < KTLS_TLS13 || !secret->len)
		return -EIO;
	ctx = schedule_expand(session, dir);
	ret = ctx ? schedule_label(ctx, "traffic upd", next, secret->len) : -EIO;
	EVP_KDF_CTX_free(ctx);
	if (!ret) {
		memcpy(secret->bytes, next, secret->len);
		secret->seq = 0;
	}
	OPENSSL_cleanse(next, sizeof(next));
	return ret;
}

/* PRF(master, "key expansion", server_random || client_random) of RFC 5246, 6.3. */
static int schedule_key_block(const struct ktls_session *session, const uint8_t *master,
			      size_t master_len, const uint8_t client_random[32],
			      const uint8_t server_random[32], uint8_t *block, size_t len)
{
	uint8_t seed[13 + 64] = "key expansion";
	OSSL_PARAM params[] = {
		schedule_digest(session->cipher),
		schedule_octets(OSSL_KDF_PARAM_SECRET, master, master_len),
		schedule_octets(OSSL_KDF_PARAM_SEED, seed, sizeof(seed)),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF *prf = ktls_algorithms_prf(session->algorithms);
	EVP_KDF_CTX *ctx;
	int ret = -EIO;

	memcpy(seed + 13, server_random, 32);
	memcpy(seed + 13 + 32, client_random, 32);
	ctx = prf ? EVP_KDF_CTX_new(prf) : NULL;
	if (ctx && EVP_KDF_derive(ctx, block, len, params) > 0)
		ret = 0;
	EVP_KDF_CTX_free(ctx);
	return ret;
}

int ktls_schedule_tls12(struct ktls_session *session, int server,
			const uint8_t *master, size_t master_len,
			const uint8_t client_random[32], const uint8_t server_random[32])
{
	const struct ktls_cipher *cipher = session->cipher;
	size_t key = cipher->key_len, iv = cipher->fixed_iv_len;
	uint8_t block[2 * (KTLS_KEY_MAX + KTLS_IV_MAX)];
	int ret = schedule_key_block(session, master, master_len, client_random, server_random,
				     block, 2 * (key + iv));

	/* client key, server key, client IV, server IV: an AEAD has no MAC keys. */
	for (int dir = KTLS_TX; !ret && dir <= KTLS_RX; dir++) {
		struct ktls_secret *secret = &session->dir[dir];
		size_t which = (dir == KTLS_TX) == !!server;

		memcpy(secret->bytes, block + which * key, key);
		memcpy(secret->bytes + key, block + 2 * key + which * iv, iv);
		secret->len = (uint8_t)(key + iv);
	}
	OPENSSL_cleanse(block, sizeof(block));
	return ret;
}
