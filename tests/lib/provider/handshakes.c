// SPDX-License-Identifier: MIT
/* Handshakes with the handshake provider on either side, and OpenSSL as it is on the other. */
#include "tests/lib/provider/provider.h"
#include "tests/lib/tickets.h"

struct both {
	SSL_CTX *ctx[2];		/* client, server */
	SSL *ssl[2];
};

static SSL_CTX *context(bool server, bool ours, int version, const char *groups)
{
	SSL_CTX *ctx = SSL_CTX_new_ex(NULL, ours ? "?" OURS : NULL,
				      server ? TLS_server_method() : TLS_client_method());

	CHECK(ctx);
	if (server)
		certificate_use(ctx, EVP_EC_gen("P-256"));
	else
		tickets_watch(ctx, tickets_keep);
	SSL_CTX_set_min_proto_version(ctx, version);
	SSL_CTX_set_max_proto_version(ctx, version);
	if (groups)
		CHECK(SSL_CTX_set1_groups_list(ctx, groups));
	return ctx;
}

/* Do a handshake. 0, or -1 when one side has failed. */
static int shake(struct both *b, SSL_SESSION *session)
{
	int done[2] = { 0, 0 };
	BIO *ends[2];
	uint8_t byte;

	CHECK(BIO_new_bio_pair(&ends[0], 65536, &ends[1], 65536));
	for (int i = 0; i < 2; i++) {
		b->ssl[i] = SSL_new(b->ctx[i]);
		SSL_set_bio(b->ssl[i], ends[i], ends[i]);
		i ? SSL_set_accept_state(b->ssl[i]) : SSL_set_connect_state(b->ssl[i]);
	}
	if (session)
		CHECK(SSL_set_session(b->ssl[0], session));
	for (int round = 0; round < 10 && (done[0] != 1 || done[1] != 1); round++)
		for (int i = 0; i < 2; i++) {
			done[i] = SSL_do_handshake(b->ssl[i]);
			if (done[i] != 1 &&
			    SSL_get_error(b->ssl[i], done[i]) != SSL_ERROR_WANT_READ)
				return -1;
		}
	EQ(ERR_peek_error(), 0);	/* an old error would be taken for the next call's */
	/* Send tickets, and data both ways. */
	for (int i = 0; i < 2; i++) {
		EQ(SSL_write(b->ssl[i], "x", 1), 1);
		EQ(SSL_read(b->ssl[!i], &byte, 1), 1);
	}
	return 0;
}

static void part(struct both *b)
{
	for (int i = 0; i < 2; i++) {
		/* Without a clean end the session could not be resumed. */
		SSL_set_shutdown(b->ssl[i], SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
		SSL_free(b->ssl[i]);
	}
}

/* The provider that was chosen for the group made the key of the peer's share. */
static bool used(SSL *ssl)
{
	EVP_PKEY *peer = NULL;
	bool ours;

	EQ(SSL_get_peer_tmp_key(ssl, &peer), 1);
	ours = provider_ours(EVP_PKEY_get0_provider(peer));
	EVP_PKEY_free(peer);
	return ours;
}

static void handshakes(bool client, bool server, int version, const char *groups)
{
	struct both b = { .ctx = { context(false, client, version, groups),
				   context(true, server, version, groups) } };
	SSL_SESSION *session;
	bool x25519 = groups && !strncmp(groups, "X25519", 6);

	EQ(shake(&b, NULL), 0);
	EQ(SSL_session_reused(b.ssl[0]), 0);
	if (x25519 && client)
		EQ(used(b.ssl[0]), true);
	if (x25519 && server && version == TLS1_3_VERSION)	/* 1.2 forgets it */
		EQ(used(b.ssl[1]), true);
	part(&b);
	session = tickets_take();
	EQ(shake(&b, session), 0);
	EQ(SSL_session_reused(b.ssl[0]), 1);
	/* TLS 1.2 resumes without a key exchange. */
	if (x25519 && server && version == TLS1_3_VERSION)
		EQ(used(b.ssl[1]), true);
	part(&b);
	SSL_SESSION_free(session);
	tickets_forget();
	SSL_CTX_free(b.ctx[0]);
	SSL_CTX_free(b.ctx[1]);
}

/* Use the provider on one side, on the other, on both. */
static void sides(int version, const char *groups)
{
	provider_begin();
	handshakes(false, true, version, groups);
	handshakes(true, false, version, groups);
	handshakes(true, true, version, groups);
}

TEST(tls13_x25519)
{
	sides(TLS1_3_VERSION, "X25519");
}

TEST(tls12_x25519)
{
	sides(TLS1_2_VERSION, "X25519:P-256");	/* the certificate's curve */
}

TEST(tls13_p256)
{
	sides(TLS1_3_VERSION, "P-256");
}

/* The default group: since OpenSSL 3.5 a hybrid that contains an X25519 key. */
TEST(tls13_default_groups)
{
	sides(TLS1_3_VERSION, NULL);
}

/* A shared secret that is longer than any digest. */
TEST(tls13_finite_field)
{
	sides(TLS1_3_VERSION, "ffdhe2048");
}

TEST(tls13_retried)
{
	struct both b;

	provider_begin();
	b.ctx[0] = context(false, true, TLS1_3_VERSION, "P-256:X25519");
	b.ctx[1] = context(true, true, TLS1_3_VERSION, "X25519");
	EQ(shake(&b, NULL), 0);
	EQ(used(b.ssl[0]) && used(b.ssl[1]), true);
	part(&b);
	tickets_forget();
	SSL_CTX_free(b.ctx[0]);
	SSL_CTX_free(b.ctx[1]);
}

static void suite(const char *name)
{
	struct both b;

	b.ctx[0] = context(false, false, TLS1_3_VERSION, "X25519");
	b.ctx[1] = context(true, true, TLS1_3_VERSION, "X25519");
	CHECK(SSL_CTX_set_ciphersuites(b.ctx[1], name));
	EQ(shake(&b, NULL), 0);
	EQ_STR(SSL_get_cipher_name(b.ssl[0]), name);
	/* KeyUpdates use the same schedule. */
	EQ(SSL_key_update(b.ssl[1], SSL_KEY_UPDATE_REQUESTED), 1);
	for (int i = 1; i >= 0; i--) {
		uint8_t byte;

		EQ(SSL_write(b.ssl[i], "x", 1), 1);
		EQ(SSL_read(b.ssl[!i], &byte, 1), 1);
	}
	part(&b);
	tickets_forget();
	SSL_CTX_free(b.ctx[0]);
	SSL_CTX_free(b.ctx[1]);
}

TEST(tls13_suites_and_key_updates)
{
	provider_begin();
	suite("TLS_AES_128_GCM_SHA256");
	suite("TLS_AES_256_GCM_SHA384");
	suite("TLS_CHACHA20_POLY1305_SHA256");
}

/* Without the property query either implementation may be used, and works. */
TEST(who_does_not_ask_still_shakes_hands)
{
	provider_begin();
	handshakes(false, false, TLS1_3_VERSION, "X25519");
}

/* The property query is optional: without the provider it changes nothing. */
TEST(not_loaded)
{
	EQ(OSSL_PROVIDER_available(NULL, "tlsring"), 0);
	handshakes(false, false, TLS1_3_VERSION, "X25519");
	{
		struct both b = { .ctx = { context(false, true, TLS1_3_VERSION, "X25519"),
					   context(true, true, TLS1_3_VERSION, "X25519") } };

		EQ(shake(&b, NULL), 0);
		EQ(used(b.ssl[1]), false);
		part(&b);
		tickets_forget();
		SSL_CTX_free(b.ctx[0]);
		SSL_CTX_free(b.ctx[1]);
	}
}
