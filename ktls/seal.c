// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <openssl/evp.h>
#include "ktls/schedule.h"
#include "ktls/seal.h"

#define SEAL_HEADER	5

static void seal_nonce(const struct ktls_keys *keys, uint64_t seq, uint8_t nonce[KTLS_IV_MAX])
{
	memcpy(nonce, keys->iv, KTLS_IV_MAX);
	for (int i = 0; i < 8; i++)
		nonce[KTLS_IV_MAX - 1 - i] ^= (uint8_t)(seq >> (8 * i));
}

/* CCM wants its lengths in advance, and a call of its own for them; the others do not mind. */
static bool seal_run(EVP_CIPHER_CTX *evp, const EVP_CIPHER *aead, const struct ktls_keys *keys,
		     const uint8_t *nonce, uint8_t *record, int len)
{
	uint8_t *body = record + SEAL_HEADER, *tag = body + len;
	bool ccm = EVP_CIPHER_get_mode(aead) == EVP_CIPH_CCM_MODE;
	int done;

	return EVP_EncryptInit_ex(evp, aead, NULL, NULL, NULL) &&
	       EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_SET_IVLEN, KTLS_IV_MAX, NULL) > 0 &&
	       (!ccm || EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_SET_TAG, 16, NULL) > 0) &&
	       EVP_EncryptInit_ex(evp, NULL, NULL, keys->key, nonce) &&
	       (!ccm || EVP_EncryptUpdate(evp, NULL, &done, NULL, len)) &&
	       EVP_EncryptUpdate(evp, NULL, &done, record, SEAL_HEADER) &&
	       EVP_EncryptUpdate(evp, body, &done, body, len) &&
	       (ccm || EVP_EncryptFinal_ex(evp, body + done, &done)) &&
	       EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_GET_TAG, 16, tag) > 0;
}

long ktls_seal(const struct ktls_session *session, enum ktls_direction dir, uint64_t seq,
	       uint8_t type, const void *data, size_t len, uint8_t *out)
{
	size_t body = len + 1 + 16;
	uint8_t nonce[KTLS_IV_MAX];
	struct ktls_keys keys;
	EVP_CIPHER_CTX *evp;
	EVP_CIPHER *aead;
	long ret = -EIO;

	aead = EVP_CIPHER_fetch(NULL, session->cipher->aead, NULL);
	if (!aead)
		return -EOPNOTSUPP;
	if (ktls_schedule_keys(session, dir, &keys)) {
		EVP_CIPHER_free(aead);
		return -EIO;
	}
	evp = EVP_CIPHER_CTX_new();
	seal_nonce(&keys, seq, nonce);
	memcpy(out, (const uint8_t[]){ 23, 3, 3, (uint8_t)(body >> 8), (uint8_t)body }, SEAL_HEADER);
	memcpy(out + SEAL_HEADER, data, len);
	out[SEAL_HEADER + len] = type;
	if (evp && seal_run(evp, aead, &keys, nonce, out, (int)len + 1))
		ret = (long)(SEAL_HEADER + body);
	EVP_CIPHER_free(aead);
	EVP_CIPHER_CTX_free(evp);
	ktls_keys_wipe(&keys);
	return ret;
}
