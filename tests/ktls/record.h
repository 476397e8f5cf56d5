/* SPDX-License-Identifier: MIT */
#ifndef RECORD_H
#define RECORD_H

/*
 * Seals and opens records with the keys that ktls_export() gave, as a kernel would, so that tests
 * without kernel TLS can prove the keys.
 */

#include "tests/ktls/pair.h"
#include "ktls/schedule.h"

#define RECORD_HEADER	5
#define RECORD_TAG	16
#define RECORD_MAX	(RECORD_HEADER + 8 + 16384 + 1 + 255 + RECORD_TAG)

/* The nonce and the additional data of a record. */
struct record_shape {
	bool tls13;
	size_t explicit_len;		/* bytes of the nonce that are in the record */
	uint8_t nonce[12], aad[13];
	size_t aad_len;
};

static inline void record_put_seq(uint8_t out[8], uint64_t seq)
{
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)(seq >> (56 - 8 * i));
}

/* record is a header with its length set, followed by the explicit nonce. */
static inline struct record_shape record_shape(const struct ktls_session *session,
					       const struct ktls_keys *keys, uint64_t seq,
					       const uint8_t *record)
{
	const struct ktls_cipher *cipher = session->cipher;
	struct record_shape shape = { .tls13 = session->version == 0x0304 };
	uint8_t number[8];
	size_t inner;

	record_put_seq(number, seq);
	if (!shape.tls13 && cipher->fixed_iv_len == 4) {
		shape.explicit_len = 8;
		memcpy(shape.nonce, keys->iv, 4);
		memcpy(shape.nonce + 4, record + RECORD_HEADER, 8);
	} else {
		memcpy(shape.nonce, keys->iv, 12);
		for (int i = 0; i < 8; i++)
			shape.nonce[4 + i] ^= number[i];
	}
	if (shape.tls13) {
		memcpy(shape.aad, record, shape.aad_len = RECORD_HEADER);
		return shape;
	}
	inner = (size_t)(record[3] << 8 | record[4]) - shape.explicit_len - RECORD_TAG;
	memcpy(shape.aad, number, 8);
	memcpy(shape.aad + 8, record, 3);
	shape.aad[11] = (uint8_t)(inner >> 8);
	shape.aad[12] = (uint8_t)inner;
	shape.aad_len = 13;
	return shape;
}

/* Seal or open len bytes at text in place. The tag follows them. */
static inline bool record_crypt(const struct ktls_cipher *cipher, const struct ktls_keys *keys,
				const struct record_shape *shape, uint8_t *text, int len, bool seal)
{
	EVP_CIPHER *aead = EVP_CIPHER_fetch(NULL, cipher->aead, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	bool ccm = strstr(cipher->aead, "CCM"), good;
	uint8_t none[1];
	int done = 0;

	CHECK(aead && ctx && EVP_CipherInit_ex(ctx, aead, NULL, NULL, NULL, seal));
	CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, 12, NULL) > 0);
	if (!seal || ccm)
		CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, RECORD_TAG,
					  seal ? NULL : text + len) > 0);
	CHECK(EVP_CipherInit_ex(ctx, NULL, NULL, keys->key, shape->nonce, seal));
	if (ccm)
		CHECK(EVP_CipherUpdate(ctx, NULL, &done, NULL, len));
	CHECK(EVP_CipherUpdate(ctx, NULL, &done, shape->aad, (int)shape->aad_len));
	good = EVP_CipherUpdate(ctx, text, &done, text, len) > 0;
	if (!ccm)
		good = good && EVP_CipherFinal_ex(ctx, none, &done) > 0;
	if (seal)
		CHECK(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, RECORD_TAG, text + len) > 0);
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(aead);
	ERR_clear_error();
	return good;
}

/* Open a record in place, and set type, content and len. False: another key or number sealed it. */
static inline bool record_open(const struct ktls_session *session, enum ktls_direction dir,
			       uint64_t seq, uint8_t *record, uint8_t *type, uint8_t **content,
			       size_t *len)
{
	struct record_shape shape;
	struct ktls_keys keys;
	bool good;

	CHECK(!ktls_schedule_keys(session, dir, &keys));
	shape = record_shape(session, &keys, seq, record);
	*content = record + RECORD_HEADER + shape.explicit_len;
	*len = (size_t)(record[3] << 8 | record[4]) - shape.explicit_len - RECORD_TAG;
	*type = record[0];
	good = record_crypt(session->cipher, &keys, &shape, *content, (int)*len, false);
	if (good && shape.tls13) {
		while (*len && !(*content)[*len - 1])
			--*len;
		CHECK(*len);
		*type = (*content)[--*len];
	}
	ktls_keys_wipe(&keys);
	return good;
}

/* Seal a record into RECORD_MAX bytes at record. Returns its length. */
static inline size_t record_seal(const struct ktls_session *session, enum ktls_direction dir,
				 uint64_t seq, uint8_t type, const void *data, size_t len,
				 uint8_t *record)
{
	bool tls13 = session->version == 0x0304;
	size_t explicit_len = !tls13 && session->cipher->fixed_iv_len == 4 ? 8 : 0;
	uint8_t *text = record + RECORD_HEADER + explicit_len;
	size_t inner = len + tls13, outer = explicit_len + inner + RECORD_TAG;
	struct record_shape shape;
	struct ktls_keys keys;

	CHECK(!ktls_schedule_keys(session, dir, &keys));
	memcpy(record,
	       (const uint8_t[]){ tls13 ? 23 : type, 3, 3, (uint8_t)(outer >> 8), (uint8_t)outer },
	       5);
	record_put_seq(record + RECORD_HEADER, seq);
	shape = record_shape(session, &keys, seq, record);
	memcpy(text, data, len);
	if (tls13)
		text[len] = type;
	CHECK(record_crypt(session->cipher, &keys, &shape, text, (int)inner, true));
	ktls_keys_wipe(&keys);
	return RECORD_HEADER + outer;
}

/* Take a whole record from a memory BIO. Returns its length; 0: there is none. */
static inline size_t record_take(BIO *bio, uint8_t *record)
{
	size_t len;

	if (BIO_read(bio, record, RECORD_HEADER) != RECORD_HEADER)
		return 0;
	len = (size_t)(record[3] << 8 | record[4]);
	EQ(BIO_read(bio, record + RECORD_HEADER, (int)len), len);
	return RECORD_HEADER + len;
}

#endif
