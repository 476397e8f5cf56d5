// SPDX-License-Identifier: MIT
#include <stddef.h>
#include "ktls/cipher.h"
#include "ktls/uapi.h"

/* RFC 8446, 5.5: 2^24.5 records, for any block cipher of 128 bits in GCM. */
#define LIMIT_GCM	23726566
/* RFC 9147, 4.5.3 and appendix B: 2^23 records. */
#define LIMIT_CCM	(1 << 23)
/* RFC 8446, 5.5: the record sequence number would wrap first. */
#define LIMIT_CHACHA	UINT64_MAX

#define AEAD(kernel, evp, key, salt, iv, limit)					\
	.kernel_id = (kernel), .aead = (evp), .key_len = (key),			\
	.salt_len = (salt), .iv_len = (iv), .tag_len = 16,			\
	.record_limit = (limit)
#define AES128_GCM	AEAD(TLS_CIPHER_AES_GCM_128, "AES-128-GCM", 16, 4, 8, LIMIT_GCM)
#define AES256_GCM	AEAD(TLS_CIPHER_AES_GCM_256, "AES-256-GCM", 32, 4, 8, LIMIT_GCM)
#define AES128_CCM	AEAD(TLS_CIPHER_AES_CCM_128, "AES-128-CCM", 16, 4, 8, LIMIT_CCM)
#define CHACHA20	\
	AEAD(TLS_CIPHER_CHACHA20_POLY1305, "ChaCha20-Poly1305", 32, 0, 12, LIMIT_CHACHA)
#define ARIA128_GCM	\
	AEAD(TLS_CIPHER_ARIA_GCM_128, "ARIA-128-GCM", 16, 4, 8, LIMIT_GCM), .rare = "aria"
#define ARIA256_GCM	\
	AEAD(TLS_CIPHER_ARIA_GCM_256, "ARIA-256-GCM", 32, 4, 8, LIMIT_GCM), .rare = "aria"
#define SM4_GCM		AEAD(TLS_CIPHER_SM4_GCM, "SM4-GCM", 16, 4, 8, LIMIT_GCM), .rare = "sm4"
#define SM4_CCM		AEAD(TLS_CIPHER_SM4_CCM, "SM4-CCM", 16, 4, 8, LIMIT_CCM), .rare = "sm4"

/* A TLS 1.2 record with GCM or CCM carries 8 bytes of its nonce; one with ChaCha20 does not. */
#define TLS13(iana, suite, md, ...)						\
	{ .id = (iana), .version = TLS_1_3_VERSION, .name = (suite),		\
	  .digest = (md), .fixed_iv_len = 12, __VA_ARGS__ }
#define TLS12(iana, suite, md, ...)						\
	{ .id = (iana), .version = TLS_1_2_VERSION, .name = (suite),		\
	  .digest = (md), .fixed_iv_len = 4, __VA_ARGS__ }
#define TLS12_CHACHA(iana, suite)						\
	{ .id = (iana), .version = TLS_1_2_VERSION, .name = (suite),		\
	  .digest = "SHA256", .fixed_iv_len = 12, CHACHA20 }

static const struct ktls_cipher ciphers[] = {
	TLS13(0x1301, "TLS_AES_128_GCM_SHA256", "SHA256", AES128_GCM),
	TLS13(0x1302, "TLS_AES_256_GCM_SHA384", "SHA384", AES256_GCM),
	TLS13(0x1303, "TLS_CHACHA20_POLY1305_SHA256", "SHA256", CHACHA20),
	TLS13(0x1304, "TLS_AES_128_CCM_SHA256", "SHA256", AES128_CCM),
	TLS13(0x00c6, "TLS_SM4_GCM_SM3", "SM3", SM4_GCM),
	TLS13(0x00c7, "TLS_SM4_CCM_SM3", "SM3", SM4_CCM),

	TLS12(0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256", "SHA256", AES128_GCM),
	TLS12(0xc02f, "ECDHE-RSA-AES128-GCM-SHA256", "SHA256", AES128_GCM),
	TLS12(0x009e, "DHE-RSA-AES128-GCM-SHA256", "SHA256", AES128_GCM),
	TLS12(0x009c, "AES128-GCM-SHA256", "SHA256", AES128_GCM),
	TLS12(0x00a2, "DHE-DSS-AES128-GCM-SHA256", "SHA256", AES128_GCM),
	TLS12(0x00a6, "ADH-AES128-GCM-SHA256", "SHA256", AES128_GCM),
	TLS12(0x00a8, "PSK-AES128-GCM-SHA256", "SHA256", AES128_GCM),
	TLS12(0x00aa, "DHE-PSK-AES128-GCM-SHA256", "SHA256", AES128_GCM),
	TLS12(0x00ac, "RSA-PSK-AES128-GCM-SHA256", "SHA256", AES128_GCM),

	TLS12(0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384", "SHA384", AES256_GCM),
	TLS12(0xc030, "ECDHE-RSA-AES256-GCM-SHA384", "SHA384", AES256_GCM),
	TLS12(0x009f, "DHE-RSA-AES256-GCM-SHA384", "SHA384", AES256_GCM),
	TLS12(0x009d, "AES256-GCM-SHA384", "SHA384", AES256_GCM),
	TLS12(0x00a3, "DHE-DSS-AES256-GCM-SHA384", "SHA384", AES256_GCM),
	TLS12(0x00a7, "ADH-AES256-GCM-SHA384", "SHA384", AES256_GCM),
	TLS12(0x00a9, "PSK-AES256-GCM-SHA384", "SHA384", AES256_GCM),
	TLS12(0x00ab, "DHE-PSK-AES256-GCM-SHA384", "SHA384", AES256_GCM),
	TLS12(0x00ad, "RSA-PSK-AES256-GCM-SHA384", "SHA384", AES256_GCM),

	TLS12_CHACHA(0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305"),
	TLS12_CHACHA(0xcca8, "ECDHE-RSA-CHACHA20-POLY1305"),
	TLS12_CHACHA(0xccaa, "DHE-RSA-CHACHA20-POLY1305"),
	TLS12_CHACHA(0xccab, "PSK-CHACHA20-POLY1305"),
	TLS12_CHACHA(0xccac, "ECDHE-PSK-CHACHA20-POLY1305"),
	TLS12_CHACHA(0xccad, "DHE-PSK-CHACHA20-POLY1305"),
	TLS12_CHACHA(0xccae, "RSA-PSK-CHACHA20-POLY1305"),

	TLS12(0xc0ac, "ECDHE-ECDSA-AES128-CCM", "SHA256", AES128_CCM),
	TLS12(0xc09e, "DHE-RSA-AES128-CCM", "SHA256", AES128_CCM),
	TLS12(0xc09c, "AES128-CCM", "SHA256", AES128_CCM),
	TLS12(0xc0a4, "PSK-AES128-CCM", "SHA256", AES128_CCM),
	TLS12(0xc0a6, "DHE-PSK-AES128-CCM", "SHA256", AES128_CCM),

	TLS12(0xc05c, "ECDHE-ECDSA-ARIA128-GCM-SHA256", "SHA256", ARIA128_GCM),
	TLS12(0xc060, "ECDHE-ARIA128-GCM-SHA256", "SHA256", ARIA128_GCM),
	TLS12(0xc052, "DHE-RSA-ARIA128-GCM-SHA256", "SHA256", ARIA128_GCM),
	TLS12(0xc050, "ARIA128-GCM-SHA256", "SHA256", ARIA128_GCM),
	TLS12(0xc056, "DHE-DSS-ARIA128-GCM-SHA256", "SHA256", ARIA128_GCM),
	TLS12(0xc06a, "PSK-ARIA128-GCM-SHA256", "SHA256", ARIA128_GCM),
	TLS12(0xc06c, "DHE-PSK-ARIA128-GCM-SHA256", "SHA256", ARIA128_GCM),
	TLS12(0xc06e, "RSA-PSK-ARIA128-GCM-SHA256", "SHA256", ARIA128_GCM),

	TLS12(0xc05d, "ECDHE-ECDSA-ARIA256-GCM-SHA384", "SHA384", ARIA256_GCM),
	TLS12(0xc061, "ECDHE-ARIA256-GCM-SHA384", "SHA384", ARIA256_GCM),
	TLS12(0xc053, "DHE-RSA-ARIA256-GCM-SHA384", "SHA384", ARIA256_GCM),
	TLS12(0xc051, "ARIA256-GCM-SHA384", "SHA384", ARIA256_GCM),
	TLS12(0xc057, "DHE-DSS-ARIA256-GCM-SHA384", "SHA384", ARIA256_GCM),
	TLS12(0xc06b, "PSK-ARIA256-GCM-SHA384", "SHA384", ARIA256_GCM),
	TLS12(0xc06d, "DHE-PSK-ARIA256-GCM-SHA384", "SHA384", ARIA256_GCM),
	TLS12(0xc06f, "RSA-PSK-ARIA256-GCM-SHA384", "SHA384", ARIA256_GCM),
};

const struct ktls_cipher *ktls_cipher_at(unsigned index)
{
	return index < sizeof(ciphers) / sizeof(ciphers[0]) ? &ciphers[index] : NULL;
}

const struct ktls_cipher *ktls_cipher_find(uint16_t version, uint16_t id)
{
	const struct ktls_cipher *cipher;

	for (unsigned i = 0; (cipher = ktls_cipher_at(i)); i++)
		if (cipher->id == id && cipher->version == version)
			return cipher;
	return NULL;
}

const char *ktls_version_name(uint16_t version)
{
	switch (version) {
	case KTLS_TLS13:
		return "TLSv1.3";
	case KTLS_TLS12:
		return "TLSv1.2";
	case 0x0302:
		return "TLSv1.1";
	case 0x0301:
		return "TLSv1";
	default:
		return "?";
	}
}
