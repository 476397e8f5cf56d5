// SPDX-License-Identifier: MIT
/*
 * What programs set in an SSL_CTX and handshakes do with it: certificates of both sides, ALPN, a
 * server-name callback that takes another SSL_CTX, both kinds of resumption, a HelloRetryRequest. Each
 * as server and as client, in both versions; then the hand-over, and bytes both ways.
 */
#include <pthread.h>
#include "lib/tlsring.h"
#include "tests/lib/tickets.h"

#define TRANSFER	50000	/* bytes each way */

struct scene {
	SSL_CTX *server, *client, *other;	/* other: what a server-name callback takes */
	struct tlsring_ctx *ours, *other_ctx;
	SSL_SESSION *session;		/* the client's, to resume */
	const char *alpn;		/* that is to be agreed on */
	SSL *peer;
	pthread_t thread;
	struct tlsring_info info;	/* of the last connection */
	bool tls13, is_server, resumes;
	bool retried;			/* a HelloRetryRequest was seen */
};

static void *peer(void *arg)
{
	struct scene *s = arg;
	uint8_t buf[16384];

	CHECK(SSL_do_handshake(s->peer) == 1);
	EQ(SSL_session_reused(s->peer), s->resumes);
	for (size_t at = 0, len; at < TRANSFER; at += len) {
		len = TRANSFER - at < 9999 ? TRANSFER - at : 9999;
		peer_fill(buf, len, at);
		EQ(SSL_write(s->peer, buf, (int)len), len);
	}
	peer_expect(s->peer, 0, TRANSFER);
	SSL_shutdown(s->peer);
	EQ(SSL_read(s->peer, buf, 1), 0);
	return NULL;
}

static void talk(struct tlsring_session *session)
{
	uint8_t buf[16384];
	size_t at = 0;
	ssize_t got;

	while (at < TRANSFER) {
		got = tlsring_session_recv(session, buf, sizeof(buf));
		CHECK(got > 0);
		for (ssize_t i = 0; i < got; i++)
			CHECK(buf[i] == peer_byte(at + (size_t)i));
		at += (size_t)got;
	}
	for (at = 0; at < TRANSFER; at += (size_t)got) {
		size_t len = TRANSFER - at < sizeof(buf) ? TRANSFER - at : sizeof(buf);

		peer_fill(buf, len, at);
		got = tlsring_session_send(session, buf, len);
		CHECK(got > 0);
	}
	EQ(tlsring_session_recv(session, buf, 1), 0);
	EQ(tlsring_session_close(session), 0);
}

static void scene_open(struct scene *s, bool tls13, bool is_server)
{
	const char *suite = tls13 ? "TLS_AES_128_GCM_SHA256" : "ECDHE-ECDSA-AES128-GCM-SHA256";

	*s = (struct scene){ .server = peer_ctx(true, suite), .client = peer_ctx(false, suite),
			     .other = peer_ctx(true, suite), .alpn = "", .tls13 = tls13, .is_server = is_server };
	tickets_watch(s->client, tickets_keep);
	EQ(tlsring_ctx_new(&s->ours, is_server ? s->server : s->client, NULL), 0);
}

static void scene_close(struct scene *s)
{
	tlsring_ctx_free(s->ours);
	tlsring_ctx_free(s->other_ctx);
	SSL_CTX_free(s->server);
	SSL_CTX_free(s->client);
	SSL_CTX_free(s->other);
	SSL_SESSION_free(s->session);
	tickets_forget();
}

/* One connection. */
static void play(struct scene *s)
{
	struct tlsring_session *session;
	int fd, peer_fd;
	SSL *server = SSL_new(s->server), *client = SSL_new(s->client);
	SSL *ours = s->is_server ? server : client;

	peer_sockets(&fd, &peer_fd);
	s->peer = s->is_server ? client : server;
	EQ(tlsring_watch(ours), 0);
	SSL_set_fd(ours, fd);
	SSL_set_fd(s->peer, peer_fd);
	SSL_set_accept_state(server);
	SSL_set_connect_state(client);
	SSL_set_tlsext_host_name(client, "localhost");
	if (s->session)
		EQ(SSL_set_session(client, s->session), 1);
	CHECK(!pthread_create(&s->thread, NULL, peer, s));
	EQ(tlsring_handshake(ours), 0);
	EQ(tlsring_session_new(&session, s->ours, ours, fd), 0);
	EQ(tlsring_session_handover(session), 0);
	talk(session);
	s->info = (struct tlsring_info){ .size = sizeof(s->info) };
	EQ(tlsring_session_info(session, &s->info), 0);
	EQ(s->info.resumed, s->resumes);
	pthread_join(s->thread, NULL);
	SSL_free(s->peer);
	close(peer_fd);
	EQ_STR(s->info.alpn, s->alpn);
	tlsring_session_free(session);
	close(fd);
}

static void expect_path(const struct scene *s, enum tlsring_reason why)
{
	if (!ktls_probe()->ulp)
		why = ktls_probe()->why_not;
	EQ(s->info.tx.reason, why);
	EQ(s->info.rx.reason, why);
	EQ(s->info.tx.path, why ? TLSRING_PATH_USER : TLSRING_PATH_KERNEL);
	EQ(s->info.rx.path, why ? TLSRING_PATH_USER : TLSRING_PATH_KERNEL);
}

static void each(void (*test)(bool tls13, bool is_server))
{
	for (int i = 0; i < 4; i++) {
		printf("# TLS 1.%d, %s\n", i & 1 ? 3 : 2, i & 2 ? "server" : "client");
		test(i & 1, i & 2);
	}
}

static void trust(SSL_CTX *ctx, SSL_CTX *whom)
{
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), SSL_CTX_get0_certificate(whom));
}

static void both_certificates(bool tls13, bool is_server)
{
	struct scene s;

	scene_open(&s, tls13, is_server);
	certificate_use(s.client, EVP_EC_gen("P-256"));
	trust(s.server, s.client);
	trust(s.client, s.server);
	play(&s);
	expect_path(&s, TLSRING_REASON_NONE);
	scene_close(&s);
}

TEST(certificates_of_both_sides) { each(both_certificates); }

static int choose(SSL *ssl, const uint8_t **out, uint8_t *out_len, const uint8_t *in, unsigned in_len, void *arg)
{
	(void)ssl, (void)arg;
	return SSL_select_next_proto((unsigned char **)out, out_len, (const uint8_t *)"\2h2", 3, in, in_len) ==
	       OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void alpn(bool tls13, bool is_server)
{
	struct scene s;

	scene_open(&s, tls13, is_server);
	SSL_CTX_set_alpn_select_cb(s.server, choose, NULL);
	SSL_CTX_set_alpn_protos(s.client, (const uint8_t *)"\10http/1.1\2h2", 12);
	s.alpn = "h2";
	play(&s);
	expect_path(&s, TLSRING_REASON_NONE);
	scene_close(&s);
}

TEST(protocol_agreed_on) { each(alpn); }

static int take_other(SSL *ssl, int *alert, void *other)
{
	(void)alert;
	CHECK(SSL_set_SSL_CTX(ssl, other) == other);
	return SSL_TLSEXT_ERR_OK;
}

static void server_name(bool tls13, bool prepared)
{
	struct scene s;

	scene_open(&s, tls13, true);
	SSL_CTX_set_tlsext_servername_callback(s.server, take_other);
	SSL_CTX_set_tlsext_servername_arg(s.server, s.other);
	trust(s.client, s.other);	/* not the first one's certificate */
	if (prepared)
		EQ(tlsring_ctx_new(&s.other_ctx, s.other, NULL), 0);
	play(&s);
	/* TLS 1.2 needs no keylog callback. */
	expect_path(&s, prepared || !tls13 ? TLSRING_REASON_NONE : TLSRING_REASON_NO_SECRETS);
	scene_close(&s);
}

TEST(server_name_takes_a_context_of_ours)
{
	server_name(false, true);
	server_name(true, true);
}

TEST(server_name_takes_a_stranger)
{
	server_name(false, false);
	server_name(true, false);
}

static void resume(bool tls13, bool is_server, bool tickets)
{
	struct scene s;

	scene_open(&s, tls13, is_server);
	SSL_CTX_set_session_id_context(s.server, (const uint8_t *)"x", 1);
	if (!tickets)
		SSL_CTX_set_options(s.server, SSL_OP_NO_TICKET);
	play(&s);
	s.session = tickets_take();
	s.resumes = true;
	play(&s);
	expect_path(&s, TLSRING_REASON_NONE);
	scene_close(&s);
}

static void resume_by_ticket(bool tls13, bool is_server)
{
	resume(tls13, is_server, true);
}

static void resume_by_cache(bool tls13, bool is_server)
{
	resume(tls13, is_server, false);
}

TEST(resumed_by_ticket) { each(resume_by_ticket); }
TEST(resumed_from_the_servers_cache) { each(resume_by_cache); }

/* Two ServerHellos are a retry. */
static void see_retry(int write, int version, int type, const void *buf, size_t len, SSL *ssl, void *arg)
{
	static int hellos;

	(void)version, (void)ssl;
	if (!write && type == SSL3_RT_HANDSHAKE && len && *(const uint8_t *)buf == SSL3_MT_CLIENT_HELLO)
		*(bool *)arg = ++hellos % 2 == 0;
}

static void retry(bool tls13, bool is_server)
{
	struct scene s;

	if (!tls13)
		return;
	scene_open(&s, tls13, is_server);
	SSL_CTX_set1_groups_list(s.client, "X25519:P-384");
	SSL_CTX_set1_groups_list(s.server, "P-384");
	if (!is_server) {
		SSL_CTX_set_msg_callback(s.server, see_retry);
		SSL_CTX_set_msg_callback_arg(s.server, &s.retried);
	}
	play(&s);
	expect_path(&s, TLSRING_REASON_NONE);
	CHECK(is_server || s.retried);
	scene_close(&s);
}

TEST(hello_retry_request) { each(retry); }
