// SPDX-License-Identifier: MIT
/*
 * Exported keys and sequence numbers are right if the peer's libssl opens records that are sealed
 * with them, and they open the records of libssl, after any history of the connection.
 */
#include "tests/ktls/record.h"

static const char *const versions[] = { "TLS_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256" };

/* Open the records that wait for the exporting end, up to application data. */
static void expect_data(struct ktls_session *session, BIO *from, const char *want)
{
	uint8_t record[RECORD_MAX], type, *content;
	uint64_t *seq = &session->dir[KTLS_RX].seq;
	size_t len;

	for (;;) {
		CHECK(record_take(from, record));
		if (!record_open(session, KTLS_RX, *seq, record, &type, &content, &len))
			FAIL("record %llu does not open", (unsigned long long)*seq);
		++*seq;
		if (type == SSL3_RT_APPLICATION_DATA)
			break;
		EQ(type, SSL3_RT_HANDSHAKE);
	}
	EQ(len, strlen(want));
	EQ_MEM(content, want, len);
}

static void expect_read(SSL *ssl, const char *want)
{
	char buf[256];
	int got = SSL_read(ssl, buf, sizeof(buf));

	if (got <= 0)
		ERR_print_errors_fp(stdout);
	EQ(got, strlen(want));
	EQ_MEM(buf, want, strlen(want));
}

/* Prove the keys of the end whose SSL is `mine`. */
static void prove(struct ktls_session *session, SSL *mine, SSL *peer)
{
	BIO *in = SSL_get_rbio(mine), *out = SSL_get_wbio(mine);
	uint8_t record[RECORD_MAX];
	size_t len;

	for (int i = 0; i < 3; i++) {
		uint64_t seq = session->dir[KTLS_TX].seq++;

		len = record_seal(session, KTLS_TX, seq, SSL3_RT_APPLICATION_DATA,
				  "from the kernel", 15, record);
		EQ(BIO_write(out, record, (int)len), len);
		expect_read(peer, "from the kernel");
		pair_write(peer, "to the kernel", 13);
		expect_data(session, in, "to the kernel");
	}
}

/* Make libssl answer a KeyUpdate now, rather than with its next write. */
static void answer_updates(SSL *ssl)
{
	if (SSL_get_key_update_type(ssl) == SSL_KEY_UPDATE_NONE)
		return;
	CHECK(SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED));
	EQ(SSL_do_handshake(ssl), 1);
}

static void export_and_prove(struct pair *pair, bool server)
{
	SSL *mine = server ? pair->server : pair->client,
	    *peer = server ? pair->client : pair->server;
	enum tlsring_reason why = TLSRING_REASON_NONE;
	struct ktls_session *session;
	int ret;

	answer_updates(mine);
	answer_updates(peer);
	ret = ktls_export(mine, NULL, &session, &why);
	if (ret)
		FAIL("%s: no export: %d, %s", server ? "server" : "client", ret,
		     tlsring_reason_text(why));
	EQ(session->version, SSL_version(mine));
	EQ_STR(session->cipher->name, SSL_get_cipher_name(mine));
	EQ(session->dir[KTLS_TX].seq, ktls_export_seq(mine, KTLS_TX));
	EQ(session->dir[KTLS_RX].seq, ktls_export_seq(mine, KTLS_RX));
	prove(session, mine, peer);
	ktls_session_free(session);
}

static int suite_roles(const char *suite)
{
	SSL_CTX *server_ctx = pair_server_ctx(suite), *client_ctx = pair_client_ctx(suite);

	if (!server_ctx || !client_ctx) {
		SSL_CTX_free(server_ctx);
		SSL_CTX_free(client_ctx);
		return 0;
	}
	for (int server = 0; server < 2; server++) {
		struct pair pair = pair_new(client_ctx, server_ctx);

		pair_shake(&pair);
		export_and_prove(&pair, server);
		pair_free(&pair);
	}
	SSL_CTX_free(server_ctx);
	SSL_CTX_free(client_ctx);
	return 1;
}

TEST(every_suite_both_roles)
{
	const struct ktls_cipher *cipher;
	int proven = 0;

	for (unsigned i = 0; (cipher = ktls_cipher_at(i)); i++)
		proven += suite_roles(cipher->name);
	printf("# %d suites\n", proven);
	CHECK(proven >= 20);
}

/* Run a history between handshake and export, for both versions and both ends. */
static void after(void (*prepare)(SSL_CTX *client, SSL_CTX *server),
		  void (*history)(struct pair *pair))
{
	for (int v = 0; v < 2; v++) {
		SSL_CTX *server_ctx = pair_server_ctx(versions[v]),
			*client_ctx = pair_client_ctx(versions[v]);

		if (prepare)
			prepare(client_ctx, server_ctx);
		for (int server = 0; server < 2; server++) {
			struct pair pair = pair_new(client_ctx, server_ctx);

			pair_shake(&pair);
			if (history)
				history(&pair);
			export_and_prove(&pair, server);
			pair_free(&pair);
		}
		SSL_CTX_free(server_ctx);
		SSL_CTX_free(client_ctx);
	}
}

TEST(first_numbers)
{
	static const uint64_t expected[2][2][2] = {	/* version, server, direction */
		{ { 0, 0 }, { 2, 0 } },
		{ { 1, 1 }, { 1, 1 } },
	};

	for (int v = 0; v < 2; v++) {
		struct pair pair = pair_of(versions[v]);

		pair_shake(&pair);
		for (int dir = 0; dir < 2; dir++) {
			EQ(ktls_export_seq(pair.client, dir), expected[v][0][dir]);
			EQ(ktls_export_seq(pair.server, dir), expected[v][1][dir]);
		}
		pair_free(&pair);
	}
}

static void talk(struct pair *pair)
{
	static const uint8_t data[100000];

	for (int i = 0; i < 3; i++) {
		pair_write(pair->client, data, 1);
		pair_write(pair->client, data, 50000);
		pair_write(pair->server, data, sizeof(data));
		EQ(pair_drain(pair->server), 50001);
		EQ(pair_drain(pair->client), sizeof(data));
	}
}

TEST(after_data)
{
	after(NULL, talk);
}

static void ask_certificate(SSL_CTX *client, SSL_CTX *server)
{
	certificate_use(client, EVP_EC_gen("P-256"));
	SSL_CTX_set_verify(server, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	/* The certificate is self-signed. */
	CHECK(X509_STORE_add_cert(SSL_CTX_get_cert_store(server),
				  SSL_CTX_get0_certificate(client)));
}

TEST(client_certificate)
{
	after(ask_certificate, NULL);
	after(ask_certificate, talk);
}

static void many_tickets(SSL_CTX *client, SSL_CTX *server)
{
	(void)client;
	SSL_CTX_set_num_tickets(server, 7);
}

static void no_tickets(SSL_CTX *client, SSL_CTX *server)
{
	(void)client;
	SSL_CTX_set_num_tickets(server, 0);
	SSL_CTX_set_options(server, SSL_OP_NO_TICKET);
}

TEST(tickets)
{
	after(many_tickets, NULL);
	after(many_tickets, talk);
	after(no_tickets, NULL);
	after(no_tickets, talk);
}

static void no_middlebox(SSL_CTX *client, SSL_CTX *server)
{
	SSL_CTX_clear_options(client, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
	SSL_CTX_clear_options(server, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
}

TEST(without_middlebox_compatibility)
{
	after(no_middlebox, NULL);
	after(no_middlebox, talk);
}

static void other_group(SSL_CTX *client, SSL_CTX *server)
{
	CHECK(SSL_CTX_set1_groups_list(client, "P-256:P-384"));
	CHECK(SSL_CTX_set1_groups_list(server, "P-384"));
}

TEST(hello_retry_request)
{
	after(other_group, NULL);
	after(other_group, talk);
}

static void large_certificate(SSL_CTX *client, SSL_CTX *server)
{
	(void)client;
	/* The same certificate many times, for a message of several records. */
	for (int i = 0; i < 60; i++)
		CHECK(SSL_CTX_add1_chain_cert(server, SSL_CTX_get0_certificate(server)));
}

TEST(handshake_message_of_several_records)
{
	after(large_certificate, talk);
}

TEST(read_ahead_left_off_keeps_early_data_outside)
{
	struct pair pair = pair_of(versions[0]);
	enum tlsring_reason why;
	struct ktls_session *session;

	CHECK(!pair_step(pair.client));
	CHECK(!pair_step(pair.server));
	CHECK(pair_step(pair.client));
	pair_write(pair.client, "early", 5);		/* arrives together with Finished */
	CHECK(pair_step(pair.server));
	EQ(ktls_export(pair.server, NULL, &session, &why), 0);
	EQ(session->dir[KTLS_RX].seq, 0);
	expect_data(session, pair.to_server, "early");
	EQ(session->dir[KTLS_RX].seq, 1);
	prove(session, pair.server, pair.client);
	ktls_session_free(session);
	pair_free(&pair);
}

/* ---- resumption ---- */

static SSL_SESSION *resumable;

static int on_session(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	SSL_SESSION_free(resumable);
	resumable = session;
	return 1;
}

static void remember(SSL_CTX *client, SSL_CTX *server)
{
	SSL_CTX_set_session_cache_mode(client, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(client, on_session);
	SSL_CTX_set_session_id_context(server, (const uint8_t *)"test", 4);
}

static void first_connection(SSL_CTX *client, SSL_CTX *server)
{
	struct pair pair = pair_new(client, server);

	pair_shake(&pair);
	pair_write(pair.server, "x", 1);
	EQ(pair_drain(pair.client), 1);
	/* libssl drops the session of a connection that was not closed. */
	SSL_set_shutdown(pair.client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_set_shutdown(pair.server, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	CHECK(resumable);
	pair_free(&pair);
}

static void resume(const char *suite, bool tickets, bool psk_only)
{
	SSL_CTX *server_ctx = pair_server_ctx(suite), *client_ctx = pair_client_ctx(suite);

	remember(client_ctx, server_ctx);
	if (!tickets)
		SSL_CTX_set_options(server_ctx, SSL_OP_NO_TICKET);
	if (psk_only) {
		SSL_CTX_set_options(client_ctx, SSL_OP_ALLOW_NO_DHE_KEX);
		SSL_CTX_set_options(server_ctx, SSL_OP_ALLOW_NO_DHE_KEX);
	}
	for (int turn = 0; turn < 4; turn++) {
		struct pair pair;

		first_connection(client_ctx, server_ctx);
		pair = pair_new(client_ctx, server_ctx);
		CHECK(SSL_set_session(pair.client, resumable));
		pair_shake(&pair);
		CHECK(SSL_session_reused(pair.client));
		if (turn & 1)
			talk(&pair);
		export_and_prove(&pair, turn & 2);
		pair_free(&pair);
	}
	SSL_SESSION_free(resumable);
	resumable = NULL;
	SSL_CTX_free(server_ctx);
	SSL_CTX_free(client_ctx);
}

TEST(resumed_tls13)
{
	resume("TLS_AES_128_GCM_SHA256", true, false);
	resume("TLS_AES_256_GCM_SHA384", false, false);
	resume("TLS_CHACHA20_POLY1305_SHA256", true, true);
}

TEST(resumed_tls12)
{
	resume("ECDHE-ECDSA-AES128-GCM-SHA256", true, false);
	resume("ECDHE-ECDSA-AES256-GCM-SHA384", false, false);
	resume("ECDHE-ECDSA-CHACHA20-POLY1305", true, false);
}

/* ---- 0-RTT ---- */

static void early(bool accepted, bool server_writes, int end)
{
	SSL_CTX *server_ctx = pair_server_ctx(versions[0]),
		*client_ctx = pair_client_ctx(versions[0]);
	struct pair pair;
	size_t done;
	char buf[64];

	remember(client_ctx, server_ctx);
	SSL_CTX_set_max_early_data(server_ctx, 16384);
	first_connection(client_ctx, server_ctx);
	if (!accepted)
		SSL_CTX_set_max_early_data(server_ctx, 0);
	pair = pair_new(client_ctx, server_ctx);
	CHECK(SSL_set_session(pair.client, resumable));
	EQ(SSL_write_early_data(pair.client, "zero", 4, &done), 1);
	EQ(SSL_write_early_data(pair.client, "rtt", 3, &done), 1);
	if (accepted) {
		EQ(SSL_read_early_data(pair.server, buf, sizeof(buf), &done),
		   SSL_READ_EARLY_DATA_SUCCESS);
		EQ(done, 4);
		if (server_writes)
			EQ(SSL_write_early_data(pair.server, "half", 4, &done), 1);
		EQ(SSL_read_early_data(pair.server, buf, sizeof(buf), &done),
		   SSL_READ_EARLY_DATA_SUCCESS);
	}
	if (server_writes) {
		CHECK(pair_step(pair.client));
		EQ(SSL_read_early_data(pair.server, buf, sizeof(buf), &done),
		   SSL_READ_EARLY_DATA_FINISH);
	}
	pair_shake(&pair);
	EQ(SSL_get_early_data_status(pair.server),
	   accepted ? SSL_EARLY_DATA_ACCEPTED : SSL_EARLY_DATA_REJECTED);
	if (server_writes)
		EQ(pair_drain(pair.client), 4);
	export_and_prove(&pair, end);
	pair_free(&pair);
	SSL_SESSION_free(resumable);
	resumable = NULL;
	SSL_CTX_free(server_ctx);
	SSL_CTX_free(client_ctx);
}

TEST(early_data)
{
	for (int end = 0; end < 2; end++) {
		early(true, false, end);
		early(true, true, end);
		early(false, false, end);
	}
}

/* ---- KeyUpdate ---- */

static void update(SSL *from, SSL *to, int kind)
{
	CHECK(SSL_key_update(from, kind));
	EQ(SSL_do_handshake(from), 1);
	pair_drain(to);
	answer_updates(to);
	pair_drain(from);
}

static void updates(int kind)
{
	SSL_CTX *server_ctx = pair_server_ctx("TLS_AES_256_GCM_SHA384");
	SSL_CTX *client_ctx = pair_client_ctx("TLS_AES_256_GCM_SHA384");

	for (int turn = 0; turn < 6; turn++) {
		struct pair pair = pair_new(client_ctx, server_ctx);

		pair_shake(&pair);
		for (int i = 0; i < 3; i++) {
			talk(&pair);
			update(turn & 1 ? pair.client : pair.server,
			       turn & 1 ? pair.server : pair.client, kind);
			if (turn & 2)
				update(turn & 1 ? pair.server : pair.client,
				       turn & 1 ? pair.client : pair.server, kind);
			if (turn >= 4)
				talk(&pair);
		}
		export_and_prove(&pair, turn & 1);
		pair_free(&pair);
	}
	SSL_CTX_free(server_ctx);
	SSL_CTX_free(client_ctx);
}

TEST(after_key_updates)
{
	updates(SSL_KEY_UPDATE_NOT_REQUESTED);
	updates(SSL_KEY_UPDATE_REQUESTED);
}

TEST(unanswered_key_update_holds_the_keys_back)
{
	struct pair pair = pair_of(versions[0]);
	struct ktls_session *session;
	enum tlsring_reason why;

	pair_shake(&pair);
	CHECK(SSL_key_update(pair.client, SSL_KEY_UPDATE_REQUESTED));
	EQ(SSL_do_handshake(pair.client), 1);
	pair_drain(pair.server);
	EQ(ktls_export(pair.server, NULL, &session, &why), -EAGAIN);
	export_and_prove(&pair, true);
	pair_free(&pair);
}

/* ktls_schedule_next() derives the same secrets as libssl. */
TEST(next_secret_is_libssls)
{
	struct pair pair = pair_of(versions[0]);
	struct ktls_session *session;
	enum tlsring_reason why;

	pair_shake(&pair);
	EQ(ktls_export(pair.server, NULL, &session, &why), 0);
	for (int i = 0; i < 5; i++) {
		uint8_t record[RECORD_MAX];
		uint8_t key_update[5] = { 24, 0, 0, 1, 0 };
		size_t len;

		/* The peer's KeyUpdate is the last record under its old key. */
		CHECK(SSL_key_update(pair.client, SSL_KEY_UPDATE_NOT_REQUESTED));
		EQ(SSL_do_handshake(pair.client), 1);
		CHECK(record_take(pair.to_server, record));
		EQ(ktls_schedule_next(session, KTLS_RX), 0);
		EQ(session->dir[KTLS_RX].seq, 0);
		/* Our KeyUpdate. */
		len = record_seal(session, KTLS_TX, session->dir[KTLS_TX].seq, SSL3_RT_HANDSHAKE,
				  key_update, sizeof(key_update), record);
		EQ(BIO_write(pair.to_client, record, (int)len), len);
		EQ(ktls_schedule_next(session, KTLS_TX), 0);
		prove(session, pair.server, pair.client);
	}
	ktls_session_free(session);
	pair_free(&pair);
}

/* ---- any history ---- */

static unsigned next_random(unsigned *state)
{
	*state = *state * 1103515245 + 12345;
	return *state >> 16 & 0x7fff;
}

static void any_step(struct pair *pair, unsigned *state, bool tls13)
{
	static const uint8_t data[40000];
	SSL *ends[2] = { pair->client, pair->server };
	SSL *one = ends[next_random(state) & 1];

	switch (next_random(state) % (tls13 ? 5 : 3)) {
	case 0:
		pair_write(one, data, 1 + next_random(state) % 100);
		break;
	case 1:
		pair_write(one, data, 1 + next_random(state));
		break;
	case 2:
		pair_drain(one);
		break;
	case 3:
		CHECK(SSL_key_update(one, (int)(next_random(state) & 1)));
		EQ(SSL_do_handshake(one), 1);
		break;
	case 4:
		update(one, ends[one == ends[0]], SSL_KEY_UPDATE_REQUESTED);
		break;
	}
}

/* SEED=n replays one history; the last seed that was printed is the one that failed. */
TEST(any_history)
{
	const char *chosen = getenv("SEED");
	/* Each history has a handshake; an emulated machine does ten in a second. */
	unsigned most = getenv("TLSRING_RIG") ? 50 : 200;
	unsigned first = chosen ? (unsigned)atoi(chosen) : 1, last = chosen ? first : most;
	SSL_CTX *server_ctx[2], *client_ctx[2];

	for (int v = 0; v < 2; v++) {
		server_ctx[v] = pair_server_ctx(versions[v]);
		client_ctx[v] = pair_client_ctx(versions[v]);
	}
	printf("# seeds");
	for (unsigned seed = first; seed <= last; seed++) {
		int v = seed & 1;
		struct pair pair = pair_new(client_ctx[v], server_ctx[v]);
		unsigned state = seed;

		printf(" %u", seed);
		pair_shake(&pair);
		for (unsigned steps = next_random(&state) % 30; steps; steps--)
			any_step(&pair, &state, v == 0);
		for (int i = 0; i < 3; i++) {
			pair_drain(pair.client);
			answer_updates(pair.client);
			pair_drain(pair.server);
			answer_updates(pair.server);
		}
		export_and_prove(&pair, seed & 2);
		pair_free(&pair);
	}
	printf("\n");
	for (int v = 0; v < 2; v++) {
		SSL_CTX_free(server_ctx[v]);
		SSL_CTX_free(client_ctx[v]);
	}
}
