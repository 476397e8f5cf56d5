/* SPDX-License-Identifier: MIT */
#ifndef PAIR_H
#define PAIR_H

/*
 * For the tests of ktls/: a client and a server of OpenSSL's in one process, over memory BIOs or a
 * TCP connection, with any suite of the cipher table.
 */

#include <stdbool.h>
#include <stdint.h>
#include <openssl/dsa.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include "ktls/cipher.h"
#include "ktls/export.h"
#include "tests/certificate.h"
#include "tests/ktap.h"

#define PAIR_TURNS_MAX	64	/* of a handshake */

struct pair {
	SSL *client, *server;
	BIO *to_server, *to_client;	/* NULL: over a socket */
};

/* ---- contexts ---- */

static inline EVP_PKEY *pair_dsa(void)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_DSA, NULL);
	EVP_PKEY *params = NULL, *key = NULL;

	CHECK(ctx && EVP_PKEY_paramgen_init(ctx) > 0);
	CHECK(EVP_PKEY_CTX_set_dsa_paramgen_bits(ctx, 1024) > 0 &&
	      EVP_PKEY_paramgen(ctx, &params) > 0);
	EVP_PKEY_CTX_free(ctx);
	ctx = EVP_PKEY_CTX_new(params, NULL);
	CHECK(ctx && EVP_PKEY_keygen_init(ctx) > 0 && EVP_PKEY_keygen(ctx, &key) > 0);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(params);
	return key;
}

static inline unsigned pair_psk(uint8_t *psk)
{
	memset(psk, 0x5a, 32);
	return 32;
}

static inline unsigned pair_psk_client(SSL *ssl, const char *hint, char *identity, unsigned room,
				       uint8_t *psk, unsigned psk_room)
{
	(void)ssl, (void)hint, (void)psk_room;
	snprintf(identity, room, "someone");
	return pair_psk(psk);
}

static inline unsigned pair_psk_server(SSL *ssl, const char *identity, uint8_t *psk, unsigned room)
{
	(void)ssl, (void)identity, (void)room;
	return pair_psk(psk);
}

static inline bool pair_tls13(const char *suite)
{
	return !strncmp(suite, "TLS_", 4);
}

/* Allow one suite and its version only. False: this OpenSSL lacks the suite. */
static inline bool pair_restrict(SSL_CTX *ctx, const char *suite)
{
	int version = pair_tls13(suite) ? TLS1_3_VERSION : TLS1_2_VERSION;
	char list[128];
	bool has;

	SSL_CTX_set_min_proto_version(ctx, version);
	SSL_CTX_set_max_proto_version(ctx, version);
	SSL_CTX_set_security_level(ctx, 0);
	snprintf(list, sizeof(list), "%s:@SECLEVEL=0", suite);
	has = pair_tls13(suite) ? SSL_CTX_set_ciphersuites(ctx, suite) :
				  SSL_CTX_set_cipher_list(ctx, list);
	ERR_clear_error();
	return has;
}

/* Small keys, generated once in each test. */
static inline EVP_PKEY *pair_key(const char *suite)
{
	static EVP_PKEY *dsa, *ec, *rsa;
	EVP_PKEY **key = &rsa;

	if (strstr(suite, "DSS"))
		key = &dsa;
	else if (pair_tls13(suite) || strstr(suite, "ECDSA"))
		key = &ec;
	if (!*key)
		*key = key == &dsa ? pair_dsa() :
		       key == &ec  ? EVP_EC_gen("P-256") :
				     EVP_RSA_gen(1024);
	CHECK(*key && EVP_PKEY_up_ref(*key));
	return *key;
}

static inline SSL_CTX *pair_server_ctx(const char *suite)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	CHECK(ctx);
	if (!pair_restrict(ctx, suite)) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	certificate_use(ctx, pair_key(suite));
	SSL_CTX_set_dh_auto(ctx, 1);
	SSL_CTX_set_psk_server_callback(ctx, pair_tls13(suite) ? NULL : pair_psk_server);
	CHECK(!ktls_export_prepare(ctx));
	return ctx;
}

static inline SSL_CTX *pair_client_ctx(const char *suite)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	CHECK(ctx);
	if (!pair_restrict(ctx, suite)) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_psk_client_callback(ctx, pair_tls13(suite) ? NULL : pair_psk_client);
	CHECK(!ktls_export_prepare(ctx));
	return ctx;
}

/* ---- connections ---- */

static inline struct pair pair_make(SSL_CTX *client, SSL_CTX *server)
{
	struct pair pair = { .client = SSL_new(client), .server = SSL_new(server) };

	CHECK(pair.client && pair.server);
	CHECK(!ktls_export_watch(pair.client) && !ktls_export_watch(pair.server));
	SSL_set_connect_state(pair.client);
	SSL_set_accept_state(pair.server);
	return pair;
}

/* A watched pair over memory BIOs, before its handshake. */
static inline struct pair pair_new(SSL_CTX *client, SSL_CTX *server)
{
	struct pair pair = pair_make(client, server);

	pair.to_server = BIO_new(BIO_s_mem());
	pair.to_client = BIO_new(BIO_s_mem());
	CHECK(pair.to_server && pair.to_client);
	BIO_set_mem_eof_return(pair.to_server, -1);
	BIO_set_mem_eof_return(pair.to_client, -1);
	BIO_up_ref(pair.to_server);
	BIO_up_ref(pair.to_client);
	SSL_set_bio(pair.client, pair.to_client, pair.to_server);
	SSL_set_bio(pair.server, pair.to_server, pair.to_client);
	return pair;
}

/* The same for one suite, with contexts of its own. */
static inline struct pair pair_of(const char *suite)
{
	SSL_CTX *server = pair_server_ctx(suite), *client = pair_client_ctx(suite);
	struct pair pair = pair_new(client, server);

	SSL_CTX_free(server);
	SSL_CTX_free(client);
	return pair;
}

static inline void pair_free(struct pair *pair)
{
	SSL_free(pair->client);
	SSL_free(pair->server);
}

static inline bool pair_step(SSL *ssl)
{
	int ret = SSL_do_handshake(ssl);

	if (ret != 1 && SSL_get_error(ssl, ret) != SSL_ERROR_WANT_READ) {
		ERR_print_errors_fp(stdout);
		FAIL("%s: the handshake failed", SSL_is_server(ssl) ? "server" : "client");
	}
	return ret == 1;
}

static inline void pair_shake(struct pair *pair)
{
	for (int turn = 0; turn < PAIR_TURNS_MAX; turn++) {
		bool client = pair_step(pair->client), server = pair_step(pair->server);

		if (client && server)
			return;
	}
	FAIL("the handshake does not end");
}

/* Write all of it: memory BIOs are never full. */
static inline void pair_write(SSL *from, const void *data, size_t len)
{
	EQ(SSL_write(from, data, (int)len), len);
}

/* Read until nothing is left. Returns the number of bytes. */
static inline size_t pair_drain(SSL *ssl)
{
	uint8_t buf[16384];
	size_t total = 0;
	int got;

	while ((got = SSL_read(ssl, buf, sizeof(buf))) > 0)
		total += (size_t)got;
	EQ(SSL_get_error(ssl, got), SSL_ERROR_WANT_READ);
	return total;
}

#endif
