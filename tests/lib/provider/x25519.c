// SPDX-License-Identifier: MIT
/* The provider's X25519 keys give the results of RFC 7748 and of OpenSSL. */
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include "tests/lib/provider/provider.h"

#define LEN	32

static EVP_PKEY *private_key(const char *provider, const uint8_t *bytes)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", provider, bytes, LEN);

	CHECK(key);
	EQ(provider_ours(EVP_PKEY_get0_provider(key)), !strcmp(provider, OURS));
	return key;
}

static EVP_PKEY *public_key(const char *provider, const uint8_t *bytes)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", provider, bytes, LEN);

	CHECK(key);
	return key;
}

static void public_of(EVP_PKEY *key, uint8_t out[LEN])
{
	size_t len = LEN;

	EQ(EVP_PKEY_get_raw_public_key(key, out, &len), 1);
	EQ(len, LEN);
}

/* Make a key as libssl does. */
static bool derive(EVP_PKEY *key, EVP_PKEY *peer, uint8_t out[LEN])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, "?" OURS);
	size_t len = 0;
	bool done;

	CHECK(ctx);
	EQ(EVP_PKEY_derive_init(ctx), 1);
	EQ(EVP_PKEY_derive_set_peer(ctx, peer), 1);
	EQ(EVP_PKEY_derive(ctx, NULL, &len), 1);
	EQ(len, LEN);
	done = EVP_PKEY_derive(ctx, out, &len) > 0;
	EVP_PKEY_CTX_free(ctx);
	return done;
}

static void vector(const char *scalar, const char *point, const char *result)
{
	uint8_t k[LEN], u[LEN], want[LEN], got[LEN];
	EVP_PKEY *key, *peer;

	EQ(provider_bytes(scalar, k, LEN), LEN);
	EQ(provider_bytes(point, u, LEN), LEN);
	EQ(provider_bytes(result, want, LEN), LEN);
	key = private_key(OURS, k);
	peer = public_key(OURS, u);
	CHECK(derive(key, peer, got));
	EQ_MEM(got, want, LEN);
	EVP_PKEY_free(key);
	EVP_PKEY_free(peer);
}

static void vector_base(const char *scalar, const char *result)
{
	uint8_t k[LEN], want[LEN], got[LEN];
	EVP_PKEY *key;

	EQ(provider_bytes(scalar, k, LEN), LEN);
	EQ(provider_bytes(result, want, LEN), LEN);
	key = private_key(OURS, k);
	public_of(key, got);
	EQ_MEM(got, want, LEN);
	EVP_PKEY_free(key);
}

/* RFC 7748, 5.2; the first iteration of its second test multiplies the base point by 9. */
TEST(vectors_of_scalar_multiplication)
{
	provider_begin();
	vector("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
	       "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
	       "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
	vector("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
	       "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
	       "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
	vector_base("0900000000000000000000000000000000000000000000000000000000000000",
		    "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
}

/* RFC 7748, 6.1. */
TEST(vectors_of_key_agreement)
{
	const char *alice = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a";
	const char *bob = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
	const char *alices = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a";
	const char *bobs = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f";
	const char *both = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";

	provider_begin();
	vector_base(alice, alices);
	vector_base(bob, bobs);
	vector(alice, bobs, both);
	vector(bob, alices, both);
}

/* A peer's share that makes the shared secret zero is refused: RFC 7748, 6.1; RFC 8446, 7.4.2. */
TEST(points_of_low_order_are_refused)
{
	static const char *const points[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	EVP_PKEY *key, *peer;
	uint8_t point[LEN], out[LEN];

	provider_begin();
	key = EVP_PKEY_Q_keygen(NULL, OURS, "X25519");
	CHECK(key);
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		provider_bytes(points[i], point, LEN);
		peer = public_key(OURS, point);
		EQ(derive(key, peer, out), false);
		EVP_PKEY_free(peer);
	}
	EVP_PKEY_free(key);
}

/* Generated keys are clamped, OpenSSL derives the same public key, and both derive one secret. */
TEST(keys_agree_with_openssl)
{
	provider_begin();
	for (int i = 0; i < 16; i++) {
		EVP_PKEY *ours = EVP_PKEY_Q_keygen(NULL, OURS, "X25519"), *twin;
		EVP_PKEY *theirs = EVP_PKEY_Q_keygen(NULL, THEIRS, "X25519");
		uint8_t secret[LEN], a[LEN], b[LEN];
		size_t len = LEN;

		CHECK(ours && theirs && provider_ours(EVP_PKEY_get0_provider(ours)));
		EQ(EVP_PKEY_get_raw_private_key(ours, secret, &len), 1);
		CHECK(!(secret[0] & 7) && !(secret[31] & 128) && secret[31] & 64);
		twin = private_key(THEIRS, secret);
		public_of(ours, a);
		public_of(twin, b);
		EQ_MEM(a, b, LEN);
		EQ(EVP_PKEY_eq(ours, twin), 1);
		EQ(EVP_PKEY_eq(ours, theirs), 0);
		CHECK(derive(ours, theirs, a) && derive(theirs, ours, b));
		EQ_MEM(a, b, LEN);
		EVP_PKEY_free(ours);
		EVP_PKEY_free(theirs);
		EVP_PKEY_free(twin);
	}
}

/* The peer's key share is set in an empty key, as libssl does. */
TEST(key_shares_are_set)
{
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *peer = NULL, *key = NULL;
	uint8_t share[LEN + 1] = { 7 }, *got = NULL;

	provider_begin();
	ctx = EVP_PKEY_CTX_new_from_name(NULL, "X25519", OURS);
	EQ(EVP_PKEY_paramgen_init(ctx), 1);
	EQ(EVP_PKEY_CTX_set_group_name(ctx, "x25519"), 1);
	CHECK(EVP_PKEY_CTX_set_group_name(ctx, "x448") <= 0);
	EQ(EVP_PKEY_paramgen(ctx, &peer), 1);
	EVP_PKEY_CTX_free(ctx);
	EQ(EVP_PKEY_get1_encoded_public_key(peer, &got), 0);
	EQ(EVP_PKEY_set1_encoded_public_key(peer, share, LEN - 1), 0);
	EQ(EVP_PKEY_set1_encoded_public_key(peer, share, LEN + 1), 0);
	EQ(EVP_PKEY_set1_encoded_public_key(peer, share, LEN), 1);
	EQ(EVP_PKEY_get1_encoded_public_key(peer, &got), LEN);
	EQ_MEM(got, share, LEN);
	EQ(EVP_PKEY_get_bits(peer), 253);
	EQ(EVP_PKEY_get_security_bits(peer), 128);
	EQ(EVP_PKEY_get_size(peer), LEN);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, peer, "?" OURS);
	EQ(EVP_PKEY_keygen_init(ctx), 1);
	EQ(EVP_PKEY_keygen(ctx, &key), 1);
	CHECK(provider_ours(EVP_PKEY_get0_provider(key)));
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	EVP_PKEY_free(peer);
	OPENSSL_free(got);
}

static int check(EVP_PKEY *key, int (*what)(EVP_PKEY_CTX *ctx))
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, OURS);
	int ret = what(ctx);

	EVP_PKEY_CTX_free(ctx);
	return ret;
}

/* An imported pair whose halves do not belong together. */
static EVP_PKEY *mismatched(void)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "X25519", OURS);
	uint8_t bytes[LEN] = { 64 };
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, bytes, LEN),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PRIV_KEY, bytes, LEN),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY *key = NULL;

	EQ(EVP_PKEY_fromdata_init(ctx), 1);
	EQ(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params), 1);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

TEST(keys_are_checked)
{
	EVP_PKEY *key, *wrong, *half;
	uint8_t bytes[LEN];

	provider_begin();
	key = EVP_PKEY_Q_keygen(NULL, OURS, "X25519");
	wrong = mismatched();
	public_of(key, bytes);
	half = public_key(OURS, bytes);
	EQ(check(key, EVP_PKEY_pairwise_check), 1);
	EQ(check(key, EVP_PKEY_check), 1);
	CHECK(check(wrong, EVP_PKEY_pairwise_check) <= 0);
	EQ(check(half, EVP_PKEY_public_check), 1);
	CHECK(check(half, EVP_PKEY_private_check) <= 0);
	EVP_PKEY_free(key);
	EVP_PKEY_free(wrong);
	EVP_PKEY_free(half);
}

/* Keys survive OpenSSL's encoders and copies unchanged. */
TEST(keys_are_written_and_copied)
{
	EVP_PKEY *key, *copy, *read;
	BIO *file = BIO_new(BIO_s_mem());

	provider_begin();
	key = EVP_PKEY_Q_keygen(NULL, OURS, "X25519");
	copy = EVP_PKEY_dup(key);
	EQ(EVP_PKEY_eq(key, copy), 1);
	EQ(PEM_write_bio_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
	read = PEM_read_bio_PrivateKey_ex(file, NULL, NULL, NULL, NULL, "?" OURS);
	EQ(EVP_PKEY_eq(key, read), 1);
	EQ(check(copy, EVP_PKEY_check), 1);
	EVP_PKEY_free(key);
	EVP_PKEY_free(copy);
	EVP_PKEY_free(read);
	BIO_free(file);
}

/* HPKE makes keys from seeds; OpenSSL 3.0 has no HPKE. */
TEST(seeds_are_refused)
{
	uint8_t seed[LEN] = { 1 };
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string("dhkem-ikm", seed, LEN),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx;

	provider_begin();
	ctx = EVP_PKEY_CTX_new_from_name(NULL, "X25519", OURS);
	EQ(EVP_PKEY_keygen_init(ctx), 1);
	CHECK(EVP_PKEY_CTX_set_params(ctx, params) <= 0);
	EVP_PKEY_CTX_free(ctx);
}

TEST(loaded_for_each_context)
{
	OSSL_LIB_CTX *own = OSSL_LIB_CTX_new();
	OSSL_PROVIDER *first, *second;
	EVP_PKEY *key;
	EVP_MD *md;

	EQ(tlsring_provider_load(&first, own), 0);
	EQ(tlsring_provider_load(&second, own), 0);
	OSSL_PROVIDER_unload(second);
	EQ(OSSL_PROVIDER_available(NULL, "tlsring"), 0);
	key = EVP_PKEY_Q_keygen(own, OURS, "X25519");
	CHECK(key && !EVP_PKEY_Q_keygen(NULL, OURS, "X25519"));
	/* The default provider was loaded by itself. */
	md = EVP_MD_fetch(own, "SHA256", NULL);
	CHECK(md);
	EVP_MD_free(md);
	EVP_PKEY_free(key);
	OSSL_PROVIDER_unload(first);
	EQ(OSSL_PROVIDER_available(own, "tlsring"), 0);
	EQ(tlsring_provider_load(&first, own), 0);
	OSSL_PROVIDER_unload(first);
	OSSL_LIB_CTX_free(own);
}

TEST(not_where_fips_is_demanded)
{
	OSSL_LIB_CTX *own = OSSL_LIB_CTX_new();
	OSSL_PROVIDER *loaded;

	EQ(EVP_default_properties_enable_fips(own, 1), 1);
	EQ(tlsring_provider_load(&loaded, own), -EOPNOTSUPP);
	CHECK(!loaded);
	EQ(OSSL_PROVIDER_available(own, "tlsring"), 0);
	OSSL_LIB_CTX_free(own);
}
