// SPDX-License-Identifier: MIT
/* A connection that cannot be handed over is refused with the right reason. */
#include <fcntl.h>
#include <netinet/in.h>
#include "ktls/install.h"
#include "ktls/probe.h"
#include "tests/ktls/pair.h"
#include "tests/lib/peer.h"

#define TLS12	"ECDHE-ECDSA-AES128-GCM-SHA256"
#define TLS13	"TLS_AES_128_GCM_SHA256"

static const char *const versions[] = { TLS12, TLS13 };

/* ---- sockets ---- */

static void refuse_socket(int fd, enum tlsring_reason reason)
{
	enum tlsring_reason why = TLSRING_REASON_NONE;
	int ret = ktls_install_ulp(fd, &why);

	if (ret >= 0 || why != reason)
		FAIL("%d, \"%s\" instead of \"%s\"", ret, tlsring_reason_text(why),
		     tlsring_reason_text(reason));
	close(fd);
}

TEST(not_tcp)
{
	int fds[2];

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	refuse_socket(fds[0], TLSRING_REASON_NOT_TCP);
	CHECK(!pipe(fds));
	refuse_socket(fds[0], TLSRING_REASON_NOT_TCP);
	refuse_socket(socket(AF_INET, SOCK_DGRAM, 0), TLSRING_REASON_NOT_TCP);
	refuse_socket(open("/dev/null", O_RDWR), TLSRING_REASON_NOT_TCP);
	refuse_socket(-1, TLSRING_REASON_NOT_TCP);
}

TEST(not_established)
{
	enum tlsring_reason reason =
		ktls_probe()->ulp ? TLSRING_REASON_NOT_ESTABLISHED : ktls_probe()->why_not;
	uint16_t port;

	refuse_socket(socket(AF_INET, SOCK_STREAM, IPPROTO_TCP), reason);
	refuse_socket(peer_listen(&port), reason);
}

TEST(mptcp)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM, 262), fd;

	if (listener < 0)
		SKIP("this kernel has no MPTCP");
	CHECK(!bind(listener, (struct sockaddr *)&addr, sizeof(addr)) && !listen(listener, 1));
	CHECK(!getsockname(listener, (struct sockaddr *)&addr, &len));
	fd = socket(AF_INET, SOCK_STREAM, 262);
	CHECK(fd >= 0 && !connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	refuse_socket(accept(listener, NULL, NULL), TLSRING_REASON_MPTCP);
	refuse_socket(fd, TLSRING_REASON_MPTCP);
}

TEST(ulp_twice)
{
	enum tlsring_reason why;
	uint16_t port;
	int fd, listener = peer_listen(&port);

	if (!ktls_probe()->ulp)
		SKIP("this kernel has no kernel TLS: %s",
		     tlsring_reason_text(ktls_probe()->why_not));
	fd = peer_tcp(port);
	EQ(ktls_install_ulp(fd, &why), 0);
	refuse_socket(fd, TLSRING_REASON_ULP_TAKEN);
	close(listener);
}

TEST(peer_has_gone)
{
	enum tlsring_reason why;
	uint16_t port;
	int listener = peer_listen(&port), fd = peer_tcp(port);

	if (!ktls_probe()->ulp)
		SKIP("this kernel has no kernel TLS: %s",
		     tlsring_reason_text(ktls_probe()->why_not));
	close(accept(listener, NULL, NULL));
	usleep(10000);
	EQ(ktls_install_ulp(fd, &why), -ENOTCONN);
	EQ(why, TLSRING_REASON_NOT_ESTABLISHED);
}

TEST(keys_without_the_ulp)
{
	struct pair pair = pair_of(TLS13);
	struct ktls_session *session;
	enum tlsring_reason why;
	uint16_t port;
	int listener = peer_listen(&port), fd = peer_tcp(port);

	pair_shake(&pair);
	EQ(ktls_export(pair.server, NULL, &session, &why), 0);
	CHECK(ktls_install(fd, session, KTLS_TX, &why, NULL) < 0);
	EQ(why, TLSRING_REASON_KERNEL_REFUSED);
	ktls_session_forget(session, KTLS_RX);
	EQ(ktls_install(fd, session, KTLS_RX, &why, NULL), -EIO);
	EQ(why, TLSRING_REASON_NO_SECRETS);
	ktls_session_free(session);
	pair_free(&pair);
	close(fd);
	close(listener);
}

TEST(cipher_that_the_kernel_lacks)
{
	const char *suite = "ECDHE-ECDSA-ARIA128-GCM-SHA256";
	SSL_CTX *server_ctx = pair_server_ctx(suite), *client_ctx = pair_client_ctx(suite);
	struct ktls_session *session;
	enum tlsring_reason why;
	uint16_t port;
	int listener = peer_listen(&port), fd = peer_tcp(port);
	struct pair pair;

	if (!ktls_probe()->ulp || !server_ctx || peer_kernel_takes(suite))
		SKIP("takes kernel TLS without ARIA, and an OpenSSL with it");
	pair = pair_new(client_ctx, server_ctx);
	pair_shake(&pair);
	EQ(ktls_export(pair.server, NULL, &session, &why), 0);
	EQ(ktls_install_ulp(fd, &why), 0);
	for (int again = 0; again < 2; again++) {
		enum tlsring_reason tx = TLSRING_REASON_NONE, rx = TLSRING_REASON_NONE;

		CHECK(ktls_install(fd, session, KTLS_TX, &tx, NULL) < 0 &&
		      tx == TLSRING_REASON_CIPHER_MISSING);
		CHECK(ktls_install(fd, session, KTLS_RX, &rx, NULL) < 0 &&
		      rx == TLSRING_REASON_CIPHER_MISSING);
	}
	ktls_session_free(session);
	pair_free(&pair);
	SSL_CTX_free(server_ctx);
	SSL_CTX_free(client_ctx);
	close(fd);
	close(listener);
}

/* ---- SSLs ---- */

static void refuse_ssl(SSL *ssl, enum tlsring_reason reason)
{
	enum tlsring_reason why = TLSRING_REASON_NONE;
	struct ktls_session *session = NULL;
	int ret = ktls_export(ssl, NULL, &session, &why);

	if (ret != -EOPNOTSUPP || why != reason)
		FAIL("%d, \"%s\" instead of \"%s\"", ret, tlsring_reason_text(why),
		     tlsring_reason_text(reason));
	CHECK(!session);
}

/* Make a connection for which both ends must refuse. */
static void refuse_both(const char *suite, void (*prepare)(SSL_CTX *client, SSL_CTX *server),
			enum tlsring_reason client, enum tlsring_reason server)
{
	SSL_CTX *server_ctx = pair_server_ctx(suite), *client_ctx = pair_client_ctx(suite);
	struct ktls_session *session;
	enum tlsring_reason why;
	struct pair pair;

	CHECK(server_ctx && client_ctx);
	if (prepare)
		prepare(client_ctx, server_ctx);
	pair = pair_new(client_ctx, server_ctx);
	pair_shake(&pair);
	for (int end = 0; end < 2; end++) {
		SSL *ssl = end ? pair.server : pair.client;
		enum tlsring_reason reason = end ? server : client;

		if (reason) {
			refuse_ssl(ssl, reason);
		} else {
			EQ(ktls_export(ssl, NULL, &session, &why), 0);
			ktls_session_free(session);
		}
	}
	pair_free(&pair);
	SSL_CTX_free(server_ctx);
	SSL_CTX_free(client_ctx);
}

TEST(ciphers)
{
	static const char *const suites[] = {
		"ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES128-CCM8", "ECDHE-ECDSA-AES256-CCM",
		"ECDHE-ECDSA-CAMELLIA128-SHA256", "TLS_AES_128_CCM_8_SHA256",
	};

	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		refuse_both(suites[i], NULL, TLSRING_REASON_CIPHER, TLSRING_REASON_CIPHER);
}

static void only_tls11(SSL_CTX *client, SSL_CTX *server)
{
	for (int end = 0; end < 2; end++) {
		SSL_CTX *ctx = end ? client : server;

		SSL_CTX_set_min_proto_version(ctx, TLS1_1_VERSION);
		SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
		CHECK(SSL_CTX_set_cipher_list(ctx, "ALL:@SECLEVEL=0"));
	}
}

TEST(old_version)
{
	refuse_both(TLS12, only_tls11, TLSRING_REASON_VERSION, TLSRING_REASON_VERSION);
}

static void pad_blocks(SSL_CTX *client, SSL_CTX *server)
{
	(void)client;
	CHECK(SSL_CTX_set_block_padding(server, 512));
}

static size_t pad_some(SSL *ssl, int type, size_t len, void *arg)
{
	(void)ssl, (void)type, (void)len, (void)arg;
	return 100;
}

static void pad_by_callback(SSL_CTX *client, SSL_CTX *server)
{
	(void)server;
	SSL_CTX_set_record_padding_callback(client, pad_some);
}

static size_t pad_data_only(SSL *ssl, int type, size_t len, void *arg)
{
	(void)ssl, (void)len, (void)arg;
	return type == SSL3_RT_APPLICATION_DATA ? 100 : 0;
}

static void pad_data(SSL_CTX *client, SSL_CTX *server)
{
	(void)server;
	SSL_CTX_set_record_padding_callback(client, pad_data_only);
	SSL_CTX_set_record_padding_callback_arg(client, client);
}

TEST(padding)
{
	refuse_both(TLS13, pad_blocks, TLSRING_REASON_NONE, TLSRING_REASON_PADDING);
	refuse_both(TLS13, pad_by_callback, TLSRING_REASON_PADDING, TLSRING_REASON_NONE);
	refuse_both(TLS13, pad_data, TLSRING_REASON_PADDING, TLSRING_REASON_NONE);
}

static void negotiate_fragments(SSL_CTX *client, SSL_CTX *server)
{
	(void)server;
	CHECK(SSL_CTX_set_tlsext_max_fragment_length(client, TLSEXT_max_fragment_length_2048));
}

static void send_fragments(SSL_CTX *client, SSL_CTX *server)
{
	(void)client;
	CHECK(SSL_CTX_set_max_send_fragment(server, 4096));
}

static void send_fragments_of_messages(SSL_CTX *client, SSL_CTX *server)
{
	(void)client;
	CHECK(SSL_CTX_set_max_send_fragment(server, 512));
	/* A certificate chain of more than one record. */
	for (int i = 0; i < 3; i++)
		CHECK(SSL_CTX_add1_chain_cert(server, SSL_CTX_get0_certificate(server)));
}

TEST(record_size)
{
	refuse_both(TLS13, negotiate_fragments, TLSRING_REASON_RECORD_SIZE,
		    TLSRING_REASON_RECORD_SIZE);
	refuse_both(TLS12, negotiate_fragments, TLSRING_REASON_RECORD_SIZE,
		    TLSRING_REASON_RECORD_SIZE);
	refuse_both(TLS13, send_fragments, TLSRING_REASON_NONE, TLSRING_REASON_RECORD_SIZE);
	refuse_both(TLS12, send_fragments, TLSRING_REASON_NONE, TLSRING_REASON_RECORD_SIZE);
	refuse_both(TLS13, send_fragments_of_messages, TLSRING_REASON_NONE,
		    TLSRING_REASON_RECORD_SIZE);
	refuse_both(TLS12, send_fragments_of_messages, TLSRING_REASON_NONE,
		    TLSRING_REASON_RECORD_SIZE);
}

static void steal_message(int written, int version, int type, const void *data, size_t len,
			  SSL *ssl, void *arg)
{
	(void)written, (void)version, (void)type, (void)data, (void)len, (void)ssl, (void)arg;
}

static void no_keylog(SSL_CTX *client, SSL_CTX *server)
{
	SSL_CTX_set_keylog_callback(client, NULL);
	(void)server;
}

/* TLS 1.2 needs no keylog callback. */
TEST(not_prepared)
{
	refuse_both(TLS13, no_keylog, TLSRING_REASON_NO_SECRETS, TLSRING_REASON_NONE);
	refuse_both(TLS12, no_keylog, TLSRING_REASON_NONE, TLSRING_REASON_NONE);
}

TEST(not_watched)
{
	for (int i = 0; i < 2; i++) {
		struct pair pair = pair_of(versions[i]);
		SSL *bare = SSL_new(SSL_get_SSL_CTX(pair.client));

		/* Replace a watched SSL by one that was never watched. */
		SSL_set_connect_state(bare);
		SSL_set_bio(bare, pair.to_client, pair.to_server);
		BIO_up_ref(pair.to_client);
		BIO_up_ref(pair.to_server);
		SSL_free(pair.client);
		pair.client = bare;
		/* Replace our message callback. */
		SSL_set_msg_callback(pair.server, steal_message);
		pair_shake(&pair);
		refuse_ssl(pair.client, TLSRING_REASON_NO_SECRETS);
		if (i == 0)
			refuse_ssl(pair.server, TLSRING_REASON_NO_SECRETS);
		EQ(ktls_export_seq(pair.client, KTLS_TX), 0);
		pair_free(&pair);
	}
}

TEST(only_once)
{
	for (int i = 0; i < 2; i++) {
		struct pair pair = pair_of(versions[i]);
		struct ktls_session *session;
		enum tlsring_reason why;

		pair_shake(&pair);
		EQ(ktls_export(pair.server, NULL, &session, &why), 0);
		refuse_ssl(pair.server, TLSRING_REASON_NO_SECRETS);
		ktls_session_free(session);
		pair_free(&pair);
	}
}

static void not_now(SSL *ssl)
{
	struct ktls_session *session;
	enum tlsring_reason why;

	EQ(ktls_export(ssl, NULL, &session, &why), -EAGAIN);
}

TEST(before_the_end_of_the_handshake)
{
	struct pair pair = pair_of(TLS13);

	not_now(pair.client);
	CHECK(!pair_step(pair.client));
	CHECK(!pair_step(pair.server));
	not_now(pair.server);		/* although it may write already */
	CHECK(pair_step(pair.client));
	not_now(pair.server);
	pair_free(&pair);
}

/* A part of a record holds the keys back until the record is complete and read. */
TEST(half_a_record)
{
	for (int i = 0; i < 2; i++) {
		struct pair pair = pair_of(versions[i]);
		uint8_t record[256], buf[100];
		struct ktls_session *session;
		enum tlsring_reason why;
		int len;

		pair_shake(&pair);
		pair_write(pair.client, "0123456789", 10);
		len = BIO_read(pair.to_server, record, sizeof(record));
		CHECK(len > 10);
		for (int at = 0; at < len; at++) {
			EQ(SSL_read(pair.server, buf, sizeof(buf)), -1);
			if (at)
				not_now(pair.server);
			EQ(BIO_write(pair.to_server, record + at, 1), 1);
		}
		EQ(SSL_read(pair.server, buf, 4), 4);
		not_now(pair.server);
		EQ(SSL_read(pair.server, buf, sizeof(buf)), 6);
		EQ(ktls_export(pair.server, NULL, &session, &why), 0);
		EQ(session->dir[KTLS_RX].seq, 1 + (i == 0));
		ktls_session_free(session);
		pair_free(&pair);
	}
}

/* After SSL_clear() an SSL may have another version: secrets of the earlier one must not count. */
TEST(used_again)
{
	for (int lives = 0; lives < 8; lives++) {
		int first = lives & 1, second = lives >> 1 & 1, again = lives >> 2;
		SSL_CTX *server_ctx[2], *client_ctx = SSL_CTX_new(TLS_client_method());
		struct ktls_session *session;
		enum tlsring_reason why;
		struct pair pair;

		CHECK(!ktls_export_prepare(client_ctx));
		for (int i = 0; i < 2; i++)
			server_ctx[i] = pair_server_ctx(versions[i]);
		pair = pair_new(client_ctx, server_ctx[first]);
		pair_shake(&pair);
		SSL_free(pair.server);
		CHECK(SSL_clear(pair.client));
		BIO_reset(pair.to_client);
		BIO_reset(pair.to_server);
		pair.server = SSL_new(server_ctx[second]);
		SSL_set_accept_state(pair.server);
		BIO_up_ref(pair.to_client);
		BIO_up_ref(pair.to_server);
		SSL_set_bio(pair.server, pair.to_server, pair.to_client);
		if (again)
			EQ(ktls_export_watch(pair.client), 0);
		pair_shake(&pair);
		if (first == 1 && second == 0 && !again) {
			refuse_ssl(pair.client, TLSRING_REASON_NO_SECRETS);
		} else {
			EQ(ktls_export(pair.client, NULL, &session, &why), 0);
			EQ(session->dir[KTLS_TX].seq, second == 0);
			EQ(session->dir[KTLS_RX].seq, second == 0);
			ktls_session_free(session);
		}
		pair_free(&pair);
		SSL_CTX_free(server_ctx[0]);
		SSL_CTX_free(server_ctx[1]);
		SSL_CTX_free(client_ctx);
	}
}

/* ---- the callbacks of others ---- */

static int logged;

static void on_keylog(const SSL *ssl, const char *line)
{
	(void)ssl;
	logged += !strncmp(line, "CLIENT_TRAFFIC_SECRET_0 ", 24);
}

TEST(users_keylog_still_runs)
{
	SSL_CTX *server_ctx = pair_server_ctx(TLS13), *client_ctx = pair_client_ctx(TLS13);
	struct pair pair;

	SSL_CTX_set_keylog_callback(client_ctx, on_keylog);
	EQ(ktls_export_prepare(client_ctx), 0);
	EQ(ktls_export_prepare(client_ctx), 0);	/* not chained to itself */
	pair = pair_new(client_ctx, server_ctx);
	pair_shake(&pair);
	EQ(logged, 1);
	pair_free(&pair);
	SSL_CTX_free(server_ctx);
	SSL_CTX_free(client_ctx);
}

/* The duplicate is not watched, and does not own the original's capture. */
TEST(duplicate_of_an_ssl)
{
	SSL_CTX *ctx = pair_client_ctx(TLS13);
	SSL *ssl = SSL_new(ctx), *copy;

	EQ(ktls_export_watch(ssl), 0);
	copy = SSL_dup(ssl);
	CHECK(copy && copy != ssl);
	EQ(ktls_export_seq(copy, KTLS_TX), 0);
	SSL_free(copy);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}
