// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include "ktls/aead.h"
#include "ktls/algorithms.h"
#include "ktls/control.h"
#include "ktls/schedule.h"

#define AEAD_DATA_MAX	13	/* additional data: 5 bytes in TLS 1.3 */

static void aead_put64(uint8_t out[8], uint64_t value)
{
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)(value >> (56 - 8 * i));
}

/* CCM takes the lengths of IV and tag before the key. */
static bool aead_key(struct ktls_aead *aead, const EVP_CIPHER *cipher, const struct ktls_keys *keys,
		     bool seal)
{
	EVP_CIPHER_CTX *evp = aead->evp;

	return EVP_CipherInit_ex(evp, cipher, NULL, NULL, NULL, seal) &&
	       EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_SET_IVLEN, KTLS_IV_MAX, NULL) > 0 &&
	       (!aead->ccm ||
		EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_SET_TAG, aead->tag_len, NULL) > 0) &&
	       EVP_CipherInit_ex(evp, NULL, NULL, keys->key, NULL, seal);
}

int ktls_aead_init(struct ktls_aead *aead, const struct ktls_session *session,
		   enum ktls_direction dir, bool seal, uint64_t *seq)
{
	const EVP_CIPHER *cipher = ktls_algorithms_aead(session->algorithms, session->cipher);
	struct ktls_keys keys;
	bool keyed;

	if (!cipher)
		return -EOPNOTSUPP;
	if (ktls_schedule_keys(session, dir, &keys))
		return -EIO;
	ktls_aead_wipe(aead);
	*aead = (struct ktls_aead){
		.evp = EVP_CIPHER_CTX_new(),
		.seq = seq,
		.tag_len = session->cipher->tag_len,
		.explicit_len = (uint8_t)(KTLS_IV_MAX - session->cipher->fixed_iv_len),
		.tls13 = session->version >= KTLS_TLS13,
		.ccm = EVP_CIPHER_get_mode(cipher) == EVP_CIPH_CCM_MODE,
	};
	memcpy(aead->iv, keys.iv, sizeof(aead->iv));
	keyed = aead->evp && aead_key(aead, cipher, &keys, seal);
	ktls_keys_wipe(&keys);
	if (keyed)
		return 0;
	ktls_aead_wipe(aead);
	return -EIO;
}

void ktls_aead_wipe(struct ktls_aead *aead)
{
	EVP_CIPHER_CTX_free(aead->evp);
	OPENSSL_cleanse(aead, sizeof(*aead));
}

/* The number goes into the nonce's end, or, in TLS 1.2's GCM and CCM, what the record carries is
 * its end. */
static void aead_nonce(const struct ktls_aead *aead, const uint8_t *record,
		       uint8_t nonce[KTLS_IV_MAX])
{
	uint8_t number[8];

	memcpy(nonce, aead->iv, KTLS_IV_MAX);
	if (aead->explicit_len) {
		memcpy(nonce + KTLS_IV_MAX - aead->explicit_len, record + KTLS_RECORD_HEADER,
		       aead->explicit_len);
		return;
	}
	aead_put64(number, *aead->seq);
	for (int i = 0; i < 8; i++)
		nonce[KTLS_IV_MAX - 8 + i] ^= number[i];
}

/* Additional data; the record's header stands. len: of the content. Its length. */
static int aead_data(const struct ktls_aead *aead, const uint8_t *record, size_t len,
		     uint8_t out[AEAD_DATA_MAX])
{
	if (aead->tls13) {
		memcpy(out, record, KTLS_RECORD_HEADER);
		return KTLS_RECORD_HEADER;
	}
	aead_put64(out, *aead->seq);
	memcpy(out + 8, record, 3);
	out[11] = (uint8_t)(len >> 8);
	out[12] = (uint8_t)len;
	return AEAD_DATA_MAX;
}

/* Nonce and additional data. CCM wants the length of all that follows first. */
static bool aead_begin(struct ktls_aead *aead, const uint8_t *record, size_t len, size_t body)
{
	uint8_t nonce[KTLS_IV_MAX], data[AEAD_DATA_MAX];
	int data_len = aead_data(aead, record, len, data), done;

	aead_nonce(aead, record, nonce);
	return EVP_CipherInit_ex(aead->evp, NULL, NULL, NULL, nonce, -1) &&
	       (!aead->ccm || EVP_CipherUpdate(aead->evp, NULL, &done, NULL, (int)body)) &&
	       EVP_CipherUpdate(aead->evp, NULL, &done, data, data_len);
}

/* ---- sealing ---- */

/* Seal, or, for CCM, which takes all at once, copy. */
static bool aead_take(struct ktls_aead *aead, const void *data, size_t len, uint8_t *out)
{
	int done;

	if (!aead->ccm)
		return EVP_EncryptUpdate(aead->evp, out, &done, data, (int)len);
	memcpy(out, data, len);
	return true;
}

static bool aead_take_pieces(struct ktls_aead *aead, const struct iovec **piece, size_t *skip,
			     size_t len, uint8_t *out)
{
	while (len) {
		size_t step = (*piece)->iov_len - *skip;

		if (!step) {
			(*piece)++;
			*skip = 0;
			continue;
		}
		if (step > len)
			step = len;
		if (!aead_take(aead, (const uint8_t *)(*piece)->iov_base + *skip, step, out))
			return false;
		*skip += step;
		out += step;
		len -= step;
	}
	return true;
}

long ktls_aead_seal(struct ktls_aead *aead, uint8_t type, const struct iovec **piece, size_t *skip,
		    size_t len, uint8_t *out)
{
	uint8_t *body = out + KTLS_RECORD_HEADER + aead->explicit_len;
	size_t inner = len + aead->tls13, after = aead->explicit_len + inner + aead->tag_len;
	int done;

	if (*aead->seq == UINT64_MAX)
		return -EIO;
	memcpy(out,
	       (const uint8_t[]){ aead->tls13 ? KTLS_RECORD_APPLICATION : type, 3, 3,
				  (uint8_t)(after >> 8), (uint8_t)after },
	       KTLS_RECORD_HEADER);
	if (aead->explicit_len)
		aead_put64(out + KTLS_RECORD_HEADER, *aead->seq);
	if (!aead_begin(aead, out, len, inner) || !aead_take_pieces(aead, piece, skip, len, body) ||
	    (aead->tls13 && !aead_take(aead, &type, 1, body + len)) ||
	    (aead->ccm && !EVP_EncryptUpdate(aead->evp, body, &done, body, (int)inner)) ||
	    (!aead->ccm && !EVP_EncryptFinal_ex(aead->evp, body + inner, &done)) ||
	    EVP_CIPHER_CTX_ctrl(aead->evp, EVP_CTRL_AEAD_GET_TAG, aead->tag_len, body + inner) <= 0)
		return -EIO;
	++*aead->seq;
	return (long)(KTLS_RECORD_HEADER + after);
}

/* ---- opening ---- */

long ktls_aead_length(const struct ktls_aead *aead, const uint8_t *header)
{
	size_t len = (size_t)header[3] << 8 | header[4];

	if (header[1] != 3 || (!aead->tls13 && header[2] != 3))
		return -EINVAL;
	if (aead->tls13 && header[0] != KTLS_RECORD_APPLICATION)
		return -EPROTO;
	if (len > KTLS_RECORD_MAX - KTLS_RECORD_HEADER)
		return -EMSGSIZE;
	return (long)(KTLS_RECORD_HEADER + len);
}

/* The tag is checked before anything is given out. */
static bool aead_check(struct ktls_aead *aead, const uint8_t *record, size_t content, uint8_t *body,
		       size_t len)
{
	uint8_t *tag = body + len;
	int done;

	if (EVP_CIPHER_CTX_ctrl(aead->evp, EVP_CTRL_AEAD_SET_TAG, aead->tag_len, tag) <= 0 ||
	    !aead_begin(aead, record, content, len))
		return false;
	if (aead->ccm)
		return EVP_DecryptUpdate(aead->evp, body, &done, body, (int)len) > 0;
	return EVP_DecryptUpdate(aead->evp, body, &done, body, (int)len) &&
	       EVP_DecryptFinal_ex(aead->evp, body + len, &done) > 0;
}

/* Content, its type, and zeroes (RFC 8446, 5.4). */
static int aead_strip(struct ktls_opened *out)
{
	while (out->len && !out->data[out->len - 1])
		out->len--;
	if (!out->len)
		return -EPROTO;
	out->type = out->data[--out->len];
	return 0;
}

int ktls_aead_open(struct ktls_aead *aead, uint8_t *record, size_t len, struct ktls_opened *out)
{
	size_t around = KTLS_RECORD_HEADER + (size_t)aead->explicit_len + aead->tag_len;
	uint8_t *body = record + KTLS_RECORD_HEADER + aead->explicit_len;
	struct ktls_opened opened = { .data = body, .type = record[0] };
	int ret = 0;

	if (len < around || *aead->seq == UINT64_MAX)
		return -EBADMSG;
	opened.len = len - around;
	if (!aead_check(aead, record, opened.len, body, opened.len)) {
		OPENSSL_cleanse(body, opened.len);
		return -EBADMSG;
	}
	++*aead->seq;
	if (aead->tls13 && opened.len > KTLS_RECORD_PLAIN + 1)
		return -EMSGSIZE;
	if (aead->tls13)
		ret = aead_strip(&opened);
	else if (opened.len > KTLS_RECORD_PLAIN)
		ret = -EMSGSIZE;
	if (!ret)
		*out = opened;
	return ret;
}
