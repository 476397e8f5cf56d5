// SPDX-License-Identifier: MIT
#include <linux/tls.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include "ktls/crypto_info.h"
#include "ktls/probe.h"
#include "ktls/session.h"
#include "tests/ktap.h"

#define EACH_CIPHER(cipher)							\
	for (unsigned i = 0; (cipher = ktls_cipher_at(i)); i++)

static unsigned rows(void)
{
	unsigned count = 0;

	while (ktls_cipher_at(count))
		count++;
	return count;
}

TEST(fits_the_probe)
{
	CHECK(rows() >= 28);
	CHECK(rows() <= KTLS_PROBE_CIPHERS);
	CHECK(!ktls_cipher_at(rows() + 1000));
}

TEST(found_by_version_and_id)
{
	const struct ktls_cipher *cipher;

	EACH_CIPHER(cipher) {
		CHECK(ktls_cipher_find(cipher->version, cipher->id) == cipher);
		CHECK(!ktls_cipher_find(cipher->version ^ 7, cipher->id));
	}
	CHECK(!ktls_cipher_find(0x0304, 0x1305));	/* CCM_8 */
	CHECK(!ktls_cipher_find(0x0303, 0xc09d));	/* AES-256-CCM: the kernel has 128 only */
	CHECK(!ktls_cipher_find(0x0303, 0xc013));	/* CBC */
	CHECK(!ktls_cipher_find(0x0302, 0xc02f));
	CHECK(!ktls_cipher_find(0, 0));
}

TEST(names_and_ids_are_once_each)
{
	const struct ktls_cipher *cipher;

	EACH_CIPHER(cipher)
		for (unsigned k = 0; k < i; k++) {
			CHECK(strcmp(cipher->name, ktls_cipher_at(k)->name));
			CHECK(cipher->id != ktls_cipher_at(k)->id);
		}
}

TEST(lengths_agree_with_the_kernels_header)
{
	static const struct {
		uint16_t id;
		size_t key, salt, iv, tag, whole;
	} known[] = {
#define KNOWN(id, type)									\
		{ TLS_CIPHER_##id, TLS_CIPHER_##id##_KEY_SIZE, TLS_CIPHER_##id##_SALT_SIZE,	\
		  TLS_CIPHER_##id##_IV_SIZE, TLS_CIPHER_##id##_TAG_SIZE,			\
		  sizeof(struct tls12_crypto_info_##type) }
		KNOWN(AES_GCM_128, aes_gcm_128), KNOWN(AES_GCM_256, aes_gcm_256),
		KNOWN(AES_CCM_128, aes_ccm_128), KNOWN(CHACHA20_POLY1305, chacha20_poly1305),
		KNOWN(SM4_GCM, sm4_gcm), KNOWN(SM4_CCM, sm4_ccm),
		KNOWN(ARIA_GCM_128, aria_gcm_128), KNOWN(ARIA_GCM_256, aria_gcm_256),
	};
	const struct ktls_cipher *cipher;
	uint8_t out[KTLS_CRYPTO_INFO_MAX];
	struct ktls_keys keys = { 0 };

	EACH_CIPHER(cipher) {
		size_t k = 0;

		while (known[k].id != cipher->kernel_id)
			CHECK(++k < sizeof(known) / sizeof(known[0]));
		EQ(cipher->key_len, known[k].key);
		EQ(cipher->salt_len, known[k].salt);
		EQ(cipher->iv_len, known[k].iv);
		EQ(cipher->tag_len, known[k].tag);
		EQ(ktls_crypto_info(cipher, &keys, 0, out), known[k].whole);
		CHECK(cipher->key_len <= KTLS_KEY_MAX && cipher->fixed_iv_len <= KTLS_IV_MAX);
		CHECK(cipher->version == 0x0304 ||
		      cipher->key_len + cipher->fixed_iv_len <= KTLS_SECRET_MAX);
		CHECK(cipher->fixed_iv_len == cipher->salt_len ||
		      cipher->fixed_iv_len == cipher->salt_len + cipher->iv_len);
		CHECK(cipher->record_limit >= 1 << 23);
	}
}

/* The table agrees with OpenSSL about each suite that OpenSSL has. */
TEST(agrees_with_openssl)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());
	SSL *ssl = SSL_new(ctx);
	const struct ktls_cipher *cipher;
	int known = 0;

	CHECK(ssl);
	EACH_CIPHER(cipher) {
		const uint8_t id[2] = { (uint8_t)(cipher->id >> 8), (uint8_t)cipher->id };
		const SSL_CIPHER *theirs = SSL_CIPHER_find(ssl, id);
		EVP_MD *md = EVP_MD_fetch(NULL, cipher->digest, NULL);
		int bits;

		CHECK(md);
		EVP_MD_free(md);
		if (!theirs)
			continue;
		known++;
		EQ_STR(SSL_CIPHER_get_name(theirs), cipher->name);
		EQ_STR(SSL_CIPHER_get_version(theirs),
		       cipher->version == 0x0304 ? "TLSv1.3" : "TLSv1.2");
		CHECK(EVP_MD_is_a(SSL_CIPHER_get_handshake_digest(theirs), cipher->digest));
		SSL_CIPHER_get_bits(theirs, &bits);
		EQ(bits, cipher->key_len * 8);
		CHECK(SSL_CIPHER_is_aead(theirs));
	}
	printf("# OpenSSL knows %d of %u\n", known, rows());
	CHECK(known >= 28);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

/* The table has every AEAD suite of OpenSSL's that a kernel may carry. */
TEST(misses_no_suite)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());
	STACK_OF(SSL_CIPHER) *all;

	CHECK(SSL_CTX_set_cipher_list(ctx, "ALL:COMPLEMENTOFALL:@SECLEVEL=0"));
	all = SSL_CTX_get_ciphers(ctx);
	for (int i = 0; i < sk_SSL_CIPHER_num(all); i++) {
		const SSL_CIPHER *theirs = sk_SSL_CIPHER_value(all, i);
		const char *name = SSL_CIPHER_get_name(theirs);
		uint16_t version =
			strcmp(SSL_CIPHER_get_version(theirs), "TLSv1.3") ? 0x0303 : 0x0304;

		if (!SSL_CIPHER_is_aead(theirs) || strstr(name, "CCM8") || strstr(name, "CCM_8") ||
		    strstr(name, "AES256-CCM") || strstr(name, "CAMELLIA"))
			continue;
		if (!ktls_cipher_find(version, SSL_CIPHER_get_protocol_id(theirs)))
			FAIL("%s is missing", name);
	}
	SSL_CTX_free(ctx);
}

/* The layouts, byte by byte. */

static void lay_out(uint16_t version, uint16_t id, const struct ktls_keys *keys, void *out,
		    size_t room)
{
	uint8_t info[KTLS_CRYPTO_INFO_MAX];

	EQ(ktls_crypto_info(ktls_cipher_find(version, id), keys, 0x0102030405060708, info), room);
	memcpy(out, info, room);
}

TEST(crypto_info)
{
	struct ktls_keys keys;
	struct tls12_crypto_info_aes_gcm_128 gcm;
	struct tls12_crypto_info_chacha20_poly1305 chacha;
	static const uint8_t seq[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

	for (size_t i = 0; i < sizeof(keys.key); i++)
		keys.key[i] = (uint8_t)(0x80 + i);
	for (size_t i = 0; i < sizeof(keys.iv); i++)
		keys.iv[i] = (uint8_t)(0x40 + i);

	lay_out(0x0304, 0x1301, &keys, &gcm, sizeof(gcm));
	EQ(gcm.info.version, TLS_1_3_VERSION);
	EQ(gcm.info.cipher_type, TLS_CIPHER_AES_GCM_128);
	EQ_MEM(gcm.salt, keys.iv, 4);
	EQ_MEM(gcm.iv, keys.iv + 4, 8);
	EQ_MEM(gcm.key, keys.key, 16);
	EQ_MEM(gcm.rec_seq, seq, 8);

	lay_out(0x0303, 0xc02f, &keys, &gcm, sizeof(gcm));
	EQ(gcm.info.version, TLS_1_2_VERSION);
	EQ_MEM(gcm.salt, keys.iv, 4);
	EQ_MEM(gcm.iv, seq, 8);
	EQ_MEM(gcm.rec_seq, seq, 8);

	lay_out(0x0303, 0xcca8, &keys, &chacha, sizeof(chacha));
	EQ_MEM(chacha.iv, keys.iv, 12);
	EQ_MEM(chacha.key, keys.key, 32);
	EQ_MEM(chacha.rec_seq, seq, 8);
}
