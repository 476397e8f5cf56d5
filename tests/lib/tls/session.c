// SPDX-License-Identifier: MIT
/* Connections in the caller's own loop: hand-over at any boundary, keys, alerts and tickets. */
#include <poll.h>
#include "tests/lib/ends.h"
#include "tests/lib/tickets.h"

#define SUITE "TLS_AES_128_GCM_SHA256"

static void wait_for(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	EQ(poll(&pfd, 1, 10000), 1);
}

/* The peer sends, we receive and compare. */
static void to_us(struct ends *e, uint64_t position, size_t len)
{
	uint8_t buf[16384], got[16384];
	size_t have = 0;

	CHECK(len <= sizeof(buf));
	peer_fill(buf, len, position);
	EQ(SSL_write(e->peer, buf, (int)len), len);
	while (have < len) {
		ssize_t ret = tlsring_session_recv(e->session, got + have, len - have);

		if (ret == -EAGAIN) {
			wait_for(e->fd, POLLIN);
			continue;
		}
		CHECK(ret > 0);
		have += (size_t)ret;
	}
	EQ_MEM(got, buf, len);
}

static void to_peer(struct ends *e, uint64_t position, size_t len)
{
	uint8_t buf[16384], got[16384];
	size_t have = 0;

	CHECK(len <= sizeof(buf));
	peer_fill(buf, len, position);
	EQ(tlsring_session_send(e->session, buf, len), len);
	while (have < len) {
		int ret = SSL_read(e->peer, got + have, (int)(len - have));

		if (ret <= 0 && SSL_get_error(e->peer, ret) == SSL_ERROR_WANT_READ) {
			wait_for(e->peer_fd, POLLIN);
			continue;
		}
		CHECK(ret > 0);
		have += (size_t)ret;
	}
	EQ_MEM(got, buf, len);
}

static void both_ways(struct ends *e)
{
	static uint64_t position;

	for (int i = 0; i < 5; i++) {
		to_us(e, position, 1 + (size_t)i * 4000);
		to_peer(e, position + 7, 1 + (size_t)i * 4000);
		position += 12345;
	}
}

static void expect_paths(struct ends *e, const char *suite, unsigned directions)
{
	struct tlsring_info info = { .size = sizeof(info) };
	bool kernel = peer_kernel_takes(suite);

	EQ(tlsring_session_info(e->session, &info), 0);
	EQ(info.tx.path, kernel && directions & TLSRING_TX ? TLSRING_PATH_KERNEL : TLSRING_PATH_USER);
	EQ(info.rx.path, kernel && directions & TLSRING_RX ? TLSRING_PATH_KERNEL : TLSRING_PATH_USER);
	CHECK(info.tx.path == TLSRING_PATH_KERNEL || info.tx.reason);
	EQ(!info.install_ns, info.tx.path == TLSRING_PATH_USER && info.rx.path == TLSRING_PATH_USER);
	EQ_STR(info.cipher, suite);
}

/* We are the server. */
static void open_handed_over(struct ends *e, const struct tlsring_ctx_options *options)
{
	ends_open(e, true, SUITE, options);
	ends_shake(e);
	EQ(tlsring_session_handover(e->session), 0);
}

static void need_kernel(void)
{
	if (!ktls_probe()->ulp)
		SKIP("%s", tlsring_reason_text(ktls_probe()->why_not));
}

/* ---- hand-over ---- */

static void hand_over(bool server, const char *suite, unsigned directions, int records_before)
{
	struct tlsring_ctx_options options = { .size = sizeof(options), .directions = directions };
	uint8_t byte;
	struct ends e;

	ends_open(&e, server, suite, &options);
	ends_shake(&e);
	for (int i = 0; i < records_before; i++)
		both_ways(&e);
	EQ(tlsring_session_handover(e.session), 0);
	expect_paths(&e, suite, directions ? directions : TLSRING_TX | TLSRING_RX);
	both_ways(&e);
	EQ(tlsring_session_close(e.session), 0);
	to_us(&e, 0, 100);
	SSL_shutdown(e.peer);
	wait_for(e.fd, POLLIN);
	EQ(tlsring_session_recv(e.session, &byte, 1), 0);
	ends_free(&e);
}

#define HAND_OVER(name, suite)								\
	TEST(name##_server) { hand_over(true, suite, 0, 0); }				\
	TEST(name##_client) { hand_over(false, suite, 0, 0); }				\
	TEST(name##_server_late) { hand_over(true, suite, 0, 3); }			\
	TEST(name##_client_late) { hand_over(false, suite, 0, 3); }			\
	TEST(name##_tx_only) { hand_over(true, suite, TLSRING_TX, 1); }			\
	TEST(name##_rx_only) { hand_over(true, suite, TLSRING_RX, 1); }

HAND_OVER(tls13_aes128, SUITE)
HAND_OVER(tls13_aes256, "TLS_AES_256_GCM_SHA384")
HAND_OVER(tls13_chacha, "TLS_CHACHA20_POLY1305_SHA256")
HAND_OVER(tls13_ccm, "TLS_AES_128_CCM_SHA256")
HAND_OVER(tls12_aes128, "ECDHE-ECDSA-AES128-GCM-SHA256")
HAND_OVER(tls12_aes256, "ECDHE-ECDSA-AES256-GCM-SHA384")
HAND_OVER(tls12_chacha, "ECDHE-ECDSA-CHACHA20-POLY1305")
HAND_OVER(tls12_ccm, "ECDHE-ECDSA-AES128-CCM")

/* Records, and half of one, wait in the socket or in libssl when the keys are to go over. */
TEST(hand_over_in_the_middle_of_a_record)
{
	uint8_t buf[4000], record[8192], got[8000];
	struct ends e;
	BIO *mem = BIO_new(BIO_s_mem());
	size_t have = 0;
	int len;

	ends_open(&e, true, SUITE, NULL);
	ends_shake(&e);
	SSL_set0_wbio(e.peer, mem);
	peer_fill(buf, sizeof(buf), 0);
	EQ(SSL_write(e.peer, buf, sizeof(buf)), sizeof(buf));
	peer_fill(buf, sizeof(buf), sizeof(buf));
	EQ(SSL_write(e.peer, buf, sizeof(buf)), sizeof(buf));
	len = BIO_read(mem, record, sizeof(record));
	CHECK(len > 8000);
	/* libssl gets the first record and the start of the second. */
	EQ(write(e.peer_fd, record, 5000), 5000);
	wait_for(e.fd, POLLIN);
	EQ(tlsring_session_recv(e.session, got, sizeof(got)), 4000);
	EQ(tlsring_session_recv(e.session, got + 4000, sizeof(got)), -EAGAIN);
	EQ(tlsring_session_handover(e.session), -EAGAIN);
	EQ(write(e.peer_fd, record + 5000, (size_t)len - 5000), len - 5000);
	SSL_set_fd(e.peer, e.peer_fd);
	wait_for(e.fd, POLLIN);
	EQ(tlsring_session_handover(e.session), 0);
	expect_paths(&e, SUITE, TLSRING_TX | TLSRING_RX);
	while (have < 4000) {
		ssize_t ret = tlsring_session_recv(e.session, got + 4000 + have, 1000);

		CHECK(ret > 0);
		have += (size_t)ret;
	}
	peer_fill(buf, sizeof(buf), 0);
	EQ_MEM(got, buf, sizeof(buf));
	peer_fill(buf, sizeof(buf), sizeof(buf));
	EQ_MEM(got + 4000, buf, sizeof(buf));
	both_ways(&e);
	ends_free(&e);
}

TEST(hand_over_with_a_key_update_to_answer)
{
	struct ends e;

	ends_open(&e, true, SUITE, NULL);
	ends_shake(&e);
	both_ways(&e);
	EQ(SSL_key_update(e.peer, SSL_KEY_UPDATE_REQUESTED), 1);
	to_us(&e, 0, 1000);
	EQ(tlsring_session_handover(e.session), 0);
	expect_paths(&e, SUITE, TLSRING_TX | TLSRING_RX);
	both_ways(&e);
	ends_free(&e);
}

/* Our side is over, the peer's wish for a new key of ours is not fulfilled any more. */
TEST(hand_over_after_the_close)
{
	struct tlsring_ctx_options options = { .size = sizeof(options), .offload = TLSRING_OFFLOAD_OFF };
	struct ends e;

	ends_open(&e, true, SUITE, &options);
	ends_shake(&e);
	both_ways(&e);
	EQ(tlsring_session_close(e.session), 0);
	EQ(tlsring_session_handover(e.session), 0);
	EQ(SSL_key_update(e.peer, SSL_KEY_UPDATE_REQUESTED), 1);
	to_us(&e, 0, 1000);
	EQ(SSL_key_update(e.peer, SSL_KEY_UPDATE_REQUESTED), 1);
	to_us(&e, 1000, 1000);
	ends_free(&e);
}

/* Without kTLS at the context already, with it at a cipher that no kernel has. */
TEST(refused_where_required)
{
	struct tlsring_ctx_options options = { .size = sizeof(options), .offload = TLSRING_OFFLOAD_REQUIRE };
	SSL_CTX *ssl = peer_ctx(true, NULL);
	struct tlsring_ctx *ctx;
	struct ends e;

	if (!ktls_probe()->ulp) {
		EQ(tlsring_ctx_new(&ctx, ssl, &options), -EOPNOTSUPP);
	} else {
		ends_open(&e, true, "TLS_AES_128_CCM_8_SHA256", &options);
		SSL_set_security_level(e.ours, 0);
		SSL_set_security_level(e.peer, 0);
		ends_shake(&e);
		EQ(tlsring_session_handover(e.session), -EOPNOTSUPP);
		ends_free(&e);
	}
	SSL_CTX_free(ssl);
}

TEST(not_before_the_handshake)
{
	struct tlsring_session *session;
	struct ends e;

	ends_open(&e, true, SUITE, NULL);
	EQ(tlsring_session_new(&session, e.ctx, e.ours, e.fd), -ENOTCONN);
	SSL_free(e.ours);
	ends_free(&e);
}

TEST(not_an_unwatched_ssl)
{
	struct tlsring_session *session;
	struct ends e;
	SSL *ssl;

	ends_open(&e, true, SUITE, NULL);
	ssl = SSL_new(e.our_ctx);
	EQ(tlsring_session_new(&session, e.ctx, ssl, e.fd), -EINVAL);
	EQ(tlsring_handshake(ssl), -EINVAL);
	SSL_free(ssl);
	SSL_free(e.ours);
	ends_free(&e);
}

/* ---- KeyUpdate ---- */

static void peer_updates(bool request)
{
	bool rekey = ktls_probe()->rekey_rx;
	struct ktls_counters before;
	struct ends e;
	uint8_t byte;

	need_kernel();
	open_handed_over(&e, NULL);
	both_ways(&e);
	before = peer_counters();
	EQ(SSL_key_update(e.peer, request ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED), 1);
	if (rekey) {
		for (int i = 0; i < 3; i++)
			both_ways(&e);
		EQ(peer_counters().rx_rekey_ok - before.rx_rekey_ok, 1);
		EQ(peer_counters().tx_rekey_ok - before.tx_rekey_ok, request);
	} else {
		EQ(SSL_write(e.peer, "x", 1), 1);
		wait_for(e.fd, POLLIN);
		EQ(tlsring_session_recv(e.session, &byte, 1), -EKEYEXPIRED);
		EQ(tlsring_session_close(e.session), 0);
		wait_for(e.peer_fd, POLLIN);
		peer_expect_end(e.peer);
	}
	ends_free(&e);
}

TEST(key_update_received) { peer_updates(false); }
TEST(key_update_requested_of_us) { peer_updates(true); }

TEST(key_update_sent)
{
	struct ktls_counters before;
	struct ends e;

	need_kernel();
	open_handed_over(&e, NULL);
	both_ways(&e);
	before = peer_counters();
	if (!ktls_probe()->rekey_tx) {
		EQ(tlsring_session_update(e.session, true), -EOPNOTSUPP);
	} else {
		for (int i = 0; i < 3; i++) {
			EQ(tlsring_session_update(e.session, i & 1), 0);
			both_ways(&e);
		}
		EQ(peer_counters().tx_rekey_ok - before.tx_rekey_ok, 3);
	}
	both_ways(&e);
	ends_free(&e);
}

TEST(key_updates_of_a_direction_each)
{
	struct tlsring_ctx_options options = { .size = sizeof(options) };
	struct ends e;

	need_kernel();
	for (unsigned directions = TLSRING_TX; directions <= TLSRING_RX; directions++) {
		options.directions = directions;
		if (directions == TLSRING_TX ? !ktls_probe()->rekey_tx : !ktls_probe()->rekey_rx)
			continue;
		open_handed_over(&e, &options);
		both_ways(&e);
		EQ(SSL_key_update(e.peer, SSL_KEY_UPDATE_REQUESTED), 1);
		both_ways(&e);
		EQ(tlsring_session_update(e.session, true), 0);
		both_ways(&e);
		both_ways(&e);
		ends_free(&e);
	}
}

TEST(key_update_flood)
{
	struct ends e;
	uint8_t byte;
	ssize_t ret;

	need_kernel();
	if (!ktls_probe()->rekey_rx)
		SKIP("this kernel cannot rekey");
	open_handed_over(&e, NULL);
	for (int i = 0; i < 40; i++) {
		CHECK(SSL_key_update(e.peer, SSL_KEY_UPDATE_NOT_REQUESTED));
		CHECK(SSL_do_handshake(e.peer) == 1);
	}
	do {
		wait_for(e.fd, POLLIN);
		ret = tlsring_session_recv(e.session, &byte, 1);
	} while (ret == -EAGAIN);
	EQ(ret, TLSRING_EALERT_SENT(SSL_AD_UNEXPECTED_MESSAGE));
	ends_free(&e);
}

TEST(long_lived_connections_stay_where_the_kernel_cannot_rekey)
{
	struct tlsring_ctx_options options = { .size = sizeof(options), .long_lived = true };
	struct tlsring_info info = { .size = sizeof(info) };
	struct ends e;

	need_kernel();
	open_handed_over(&e, &options);
	EQ(tlsring_session_info(e.session, &info), 0);
	if (ktls_probe()->rekey_rx) {
		EQ(info.tx.path, TLSRING_PATH_KERNEL);
	} else {
		EQ(info.tx.path, TLSRING_PATH_USER);
		EQ(info.tx.reason, TLSRING_REASON_NO_REKEY);
	}
	SSL_key_update(e.peer, SSL_KEY_UPDATE_REQUESTED);
	both_ways(&e);
	both_ways(&e);
	ends_free(&e);
}

/* ---- alerts and the end ---- */

TEST(truncation_is_no_clean_end)
{
	struct ends e;
	uint8_t byte;

	open_handed_over(&e, NULL);
	to_us(&e, 0, 100);
	shutdown(e.peer_fd, SHUT_WR);
	wait_for(e.fd, POLLIN);
	EQ(tlsring_session_recv(e.session, &byte, 1), -EPIPE);
	EQ(tlsring_session_recv(e.session, &byte, 1), -EPIPE);
	ends_free(&e);
}

/* A record whose last byte was changed on its way. */
TEST(bad_record_mac)
{
	uint8_t record[300], byte;
	struct ends e;
	BIO *mem = BIO_new(BIO_s_mem());
	int len, ret;

	open_handed_over(&e, NULL);
	SSL_set0_wbio(e.peer, mem);
	EQ(SSL_write(e.peer, "hello", 5), 5);
	len = BIO_read(mem, record, sizeof(record));
	record[len - 1] ^= 1;
	EQ(write(e.peer_fd, record, (size_t)len), len);
	wait_for(e.fd, POLLIN);
	EQ(tlsring_session_recv(e.session, &byte, 1), TLSRING_EALERT_SENT(SSL_AD_BAD_RECORD_MAC));
	do {
		wait_for(e.peer_fd, POLLIN);
		ret = SSL_read(e.peer, &byte, 1);
	} while (SSL_get_error(e.peer, ret) == SSL_ERROR_WANT_READ);
	CHECK(ret <= 0);
	EQ(ERR_GET_REASON(ERR_peek_error()), SSL_AD_REASON_OFFSET + SSL_AD_BAD_RECORD_MAC);
	ends_free(&e);
}

TEST(control_records_beside_plain_read)
{
	uint8_t buf[100];
	struct ends e;

	need_kernel();
	open_handed_over(&e, NULL);
	EQ(tlsring_session_control(e.session), -EAGAIN);
	EQ(SSL_write(e.peer, "abc", 3), 3);
	wait_for(e.fd, POLLIN);
	EQ(tlsring_session_control(e.session), -EAGAIN);
	EQ(read(e.fd, buf, sizeof(buf)), 3);
	if (ktls_probe()->rekey_rx) {
		SSL_key_update(e.peer, SSL_KEY_UPDATE_REQUESTED);
		EQ(SSL_write(e.peer, "def", 3), 3);
		wait_for(e.fd, POLLIN);
		EQ(read(e.fd, buf, sizeof(buf)), -1);
		EQ(errno, EIO);
		EQ(tlsring_session_control(e.session), 0);
		EQ(read(e.fd, buf, sizeof(buf)), 3);
		EQ_MEM(buf, "def", 3);
	}
	SSL_shutdown(e.peer);
	wait_for(e.fd, POLLIN);
	EQ(read(e.fd, buf, sizeof(buf)), -1);
	EQ(errno, EIO);
	EQ(tlsring_session_control(e.session), 1);
	ends_free(&e);
}

/* ---- tickets ---- */

/* A client's tickets come through the kernel, reach the callback, and resume. */
static void tickets(const char *suite)
{
	struct ends e;
	SSL_SESSION *session;

	ends_open(&e, false, suite, NULL);
	tickets_watch(e.our_ctx, tickets_keep);
	ends_shake(&e);
	EQ(tlsring_session_handover(e.session), 0);
	both_ways(&e);
	session = tickets_take();
	ends_disconnect(&e);
	ends_connect(&e);
	EQ(SSL_set_session(e.ours, session), 1);
	ends_shake(&e);
	EQ(SSL_session_reused(e.peer), 1);
	EQ(tlsring_session_handover(e.session), 0);
	both_ways(&e);
	SSL_SESSION_free(session);
	tickets_forget();
	ends_free(&e);
}

TEST(tickets_tls13_aes128) { tickets(SUITE); }
TEST(tickets_tls13_aes256) { tickets("TLS_AES_256_GCM_SHA384"); }
TEST(tickets_tls13_chacha) { tickets("TLS_CHACHA20_POLY1305_SHA256"); }
TEST(tickets_tls12) { tickets("ECDHE-ECDSA-AES128-GCM-SHA256"); }
