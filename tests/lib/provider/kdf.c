// SPDX-License-Identifier: MIT
/* The provider's key schedule gives the results of RFC 8448 and of OpenSSL. */
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include "tests/lib/provider/provider.h"

#define EXTRACT	EVP_KDF_HKDF_MODE_EXTRACT_ONLY
#define EXPAND	EVP_KDF_HKDF_MODE_EXPAND_ONLY

struct octets {
	const void *bytes;		/* NULL: not set */
	size_t len;
};

struct step {
	const char *digest;		/* NULL: not set */
	int mode;
	struct octets key, salt, data;
	const char *label;
};

static void add(OSSL_PARAM **p, const char *name, struct octets octets)
{
	if (octets.bytes)
		*(*p)++ = OSSL_PARAM_construct_octet_string(name, (void *)octets.bytes, octets.len);
}

static EVP_KDF_CTX *kdf_new(const char *provider)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS13-KDF", provider);
	EVP_KDF_CTX *ctx;

	CHECK(kdf);
	EQ(provider_ours(EVP_KDF_get0_provider(kdf)), !strcmp(provider, OURS));
	ctx = EVP_KDF_CTX_new(kdf);
	CHECK(ctx);
	EVP_KDF_free(kdf);
	return ctx;
}

static bool step_with(EVP_KDF_CTX *ctx, const struct step *step, uint8_t *out, size_t len)
{
	int mode = step->mode;
	OSSL_PARAM params[8], *p = params;

	*p++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
	if (step->digest)
		*p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
							(char *)step->digest, 0);
	add(&p, OSSL_KDF_PARAM_KEY, step->key);
	add(&p, OSSL_KDF_PARAM_SALT, step->salt);
	add(&p, OSSL_KDF_PARAM_PREFIX, (struct octets){ "tls13 ", 6 });
	add(&p, OSSL_KDF_PARAM_LABEL, (struct octets){ step->label, strlen(step->label) });
	add(&p, OSSL_KDF_PARAM_DATA, step->data);
	*p = OSSL_PARAM_construct_end();
	return EVP_KDF_derive(ctx, out, len, params) > 0;
}

static bool step(const char *provider, const struct step *step, uint8_t *out, size_t len)
{
	EVP_KDF_CTX *ctx = kdf_new(provider);
	bool done = step_with(ctx, step, out, len);

	EVP_KDF_CTX_free(ctx);
	return done;
}

/* Both implementations give the same result, or refuse. */
static void same(const struct step *s, size_t len, bool good)
{
	uint8_t ours[600], theirs[600];

	CHECK(len <= sizeof(ours));
	EQ(step(THEIRS, s, theirs, len), good);
	EQ(step(OURS, s, ours, len), good);
	if (good)
		EQ_MEM(ours, theirs, len);
}

/* RFC 8448, 3: extract secret "early", derive secret for handshake, extract secret "handshake". */
TEST(vectors_of_the_key_schedule)
{
	uint8_t early[32], derived[32], shared[32], secret[32], empty[32], got[32];

	provider_begin();
	provider_bytes("33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a", early,
		       32);
	provider_bytes("6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba", derived,
		       32);
	provider_bytes("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d", shared,
		       32);
	provider_bytes("1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac", secret,
		       32);
	EVP_Digest("", 0, empty, NULL, EVP_sha256(), NULL);

	CHECK(step(OURS, &(struct step){ "SHA256", EXTRACT, .label = "derived" }, got, 32));
	EQ_MEM(got, early, 32);
	CHECK(step(OURS,
		   &(struct step){ "SHA256", EXPAND, .key = { early, 32 }, .data = { empty, 32 },
				   .label = "derived" },
		   got, 32));
	EQ_MEM(got, derived, 32);
	CHECK(step(OURS,
		   &(struct step){ "SHA256", EXTRACT, .key = { shared, 32 }, .salt = { early, 32 },
				   .label = "derived" },
		   got, 32));
	EQ_MEM(got, secret, 32);
}

static const uint8_t bytes[1024] = { 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3 };

/* Digests by each name, with results shorter than a digest, as long, longer, and as long as
 * possible. */
TEST(expands_as_openssl_does)
{
	static const char *const digests[] = { "SHA2-256", "SHA256", "SHA2-384",
					       "SHA384",   "SHA512", "SHA1" };
	static const size_t lengths[] = { 1, 12, 16, 20, 32, 33, 48, 64, 65, 600 };

	provider_begin();
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		struct step s = { digests[i], EXPAND, .key = { bytes, 48 },
				  .data = { bytes, i * 16 }, .label = "traffic upd" };

		for (size_t j = 0; j < sizeof(lengths) / sizeof(lengths[0]); j++)
			same(&s, lengths[j], true);
	}
}

/* Keys as long as a shared secret of ffdhe8192, and an HMAC's key longer than the digest's
 * block. */
TEST(extracts_as_openssl_does)
{
	static const struct {
		const char *name;
		size_t len;
	} digests[] = { { "SHA2-256", 32 }, { "SHA2-384", 48 } };
	static const size_t lengths[] = { 1, 32, 48, 64, 65, 129, 384, 1024 };

	provider_begin();
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		struct step s = { digests[i].name, EXTRACT, .label = "derived" };

		same(&s, digests[i].len, true);
		s.salt = (struct octets){ bytes, digests[i].len };
		same(&s, digests[i].len, true);
		for (size_t j = 0; j < sizeof(lengths) / sizeof(lengths[0]); j++) {
			s.key = (struct octets){ bytes, lengths[j] };
			same(&s, digests[i].len, true);
			s.mode = EXPAND;
			same(&s, digests[i].len, true);
			s.mode = EXTRACT;
		}
	}
}

TEST(refuses_as_openssl_does)
{
	struct step s = { "SHA256", EXPAND, .key = { bytes, 32 }, .label = "key" };

	provider_begin();
	same(&s, 16, true);
	s.digest = "no such digest";
	same(&s, 16, false);
	s.digest = NULL;
	same(&s, 16, false);
	s.digest = "SHAKE128";
	same(&s, 16, false);
	s.digest = "SHA256";
	s.mode = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND;
	same(&s, 16, false);
	s.mode = 7;
	same(&s, 16, false);
	s.mode = EXTRACT;
	same(&s, 31, false);
	same(&s, 33, false);
	s.mode = EXPAND;
	s.key = (struct octets){ 0 };
	same(&s, 16, false);
}

static bool by_mode(const char *provider, const char *mode, uint8_t *out)
{
	EVP_KDF_CTX *ctx = kdf_new(provider);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MODE, (char *)mode, 0),
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)bytes, 32),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PREFIX, (void *)"tls13 ", 6),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, (void *)"derived", 7),
		OSSL_PARAM_construct_end(),
	};
	bool done = EVP_KDF_derive(ctx, out, 32, params) > 0;

	EVP_KDF_CTX_free(ctx);
	return done;
}

TEST(modes_have_names)
{
	static const char *const modes[] = { "EXTRACT_ONLY", "EXPAND_ONLY" };
	uint8_t ours[32], theirs[32];

	provider_begin();
	for (int i = 0; i < 2; i++) {
		CHECK(by_mode(OURS, modes[i], ours) && by_mode(THEIRS, modes[i], theirs));
		EQ_MEM(ours, theirs, 32);
	}
	EQ(by_mode(OURS, "EXTRACT_AND_EXPAND", ours) || by_mode(OURS, "", ours), false);
}

/* The length of prefix and label is one byte, and so is that of data. */
TEST(too_long_is_refused)
{
	char label[256];
	uint8_t out[32];
	struct step s = { "SHA256", EXPAND, .key = { bytes, 32 }, .label = label };

	provider_begin();
	memset(label, 'x', sizeof(label));
	label[249] = '\0';
	CHECK(step(OURS, &s, out, 32));
	label[249] = 'x';
	label[250] = '\0';
	CHECK(!step(OURS, &s, out, 32));
	s.label = "key";
	s.data = (struct octets){ bytes, 255 };
	CHECK(step(OURS, &s, out, 32));
	s.data.len = 256;
	CHECK(!step(OURS, &s, out, 32));
}

/* Parameters stay for the next step and for a copy, until they are set anew or the context is
 * reset. */
TEST(contexts_are_kept_copied_and_reset)
{
	EVP_KDF_CTX *ctx, *copy;
	struct step s = { "SHA256", EXPAND, .key = { bytes, 32 }, .label = "key" };
	uint8_t want[32], got[32];
	OSSL_PARAM label[] = {
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_LABEL, (void *)"iv", 2),
		OSSL_PARAM_construct_end(),
	};

	provider_begin();
	ctx = kdf_new(OURS);
	CHECK(step_with(ctx, &s, got, 32));
	s.label = "iv";
	CHECK(step(THEIRS, &s, want, 32));
	copy = EVP_KDF_CTX_dup(ctx);
	CHECK(copy);
	CHECK(EVP_KDF_derive(ctx, got, 32, label) > 0);
	EQ_MEM(got, want, 32);
	EQ(EVP_KDF_CTX_get_kdf_size(ctx), SIZE_MAX);
	EVP_KDF_CTX_reset(ctx);
	CHECK(EVP_KDF_derive(ctx, got, 32, label) <= 0);
	EVP_KDF_CTX_free(ctx);
	memset(got, 0, sizeof(got));
	CHECK(EVP_KDF_derive(copy, got, 32, label) > 0);
	EQ_MEM(got, want, 32);
	EVP_KDF_CTX_free(copy);
}
