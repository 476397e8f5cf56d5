// SPDX-License-Identifier: MIT
/* Connections in the caller's own loop: hand-over at any boundary, keys, alerts and tickets. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include "lib/tlsring.h"
#include "tests/lib/peer.h"

#define SUITE "TLS_AES_128_GCM_SHA256"

/* Ours over a socket, the other end an SSL of libssl's in user space, in one thread. */
struct pair {
	SSL_CTX *our_ctx, *peer_ctx;
	struct tlsring_ctx *ctx;
	struct tlsring_session *session;
	SSL *ours, *peer;
	int fd, peer_fd;
};

static void pair_sockets(struct pair *p)
{
	uint16_t port;
	int fd = peer_listen(&port);

	p->peer_fd = peer_tcp(port);
	p->fd = accept(fd, NULL, NULL);
	CHECK(p->fd >= 0);
	close(fd);
	fcntl(p->fd, F_SETFL, O_NONBLOCK);
	fcntl(p->peer_fd, F_SETFL, O_NONBLOCK);
}

static void pair_new(struct pair *p, bool server, const char *suite, const struct tlsring_ctx_options *options)
{
	*p = (struct pair){ 0 };
	p->our_ctx = peer_ctx(server, suite);
	p->peer_ctx = peer_ctx(!server, suite);
	EQ(tlsring_ctx_new(&p->ctx, p->our_ctx, options), 0);
	pair_sockets(p);
	p->ours = SSL_new(p->our_ctx);
	p->peer = SSL_new(p->peer_ctx);
	EQ(tlsring_watch(p->ours), 0);
	SSL_set_fd(p->ours, p->fd);
	SSL_set_fd(p->peer, p->peer_fd);
	server ? SSL_set_accept_state(p->ours) : SSL_set_connect_state(p->ours);
	server ? SSL_set_connect_state(p->peer) : SSL_set_accept_state(p->peer);
}

static void pair_shake(struct pair *p)
{
	int ours, peer;

	do {
		ours = tlsring_handshake(p->ours);
		CHECK(ours >= 0);
		peer = SSL_do_handshake(p->peer);
	} while (ours || peer != 1);
	EQ(tlsring_session_new(&p->session, p->ctx, p->ours, p->fd), 0);
}

static void pair_free(struct pair *p)
{
	tlsring_session_free(p->session);
	SSL_free(p->peer);
	tlsring_ctx_free(p->ctx);
	SSL_CTX_free(p->our_ctx);
	SSL_CTX_free(p->peer_ctx);
	close(p->fd);
	close(p->peer_fd);
}

static void wait_for(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	EQ(poll(&pfd, 1, 10000), 1);
}

/* The peer sends, we receive and compare. */
static void to_us(struct pair *p, uint64_t position, size_t len)
{
	uint8_t buf[16384], got[16384];
	size_t have = 0;

	CHECK(len <= sizeof(buf));
	peer_fill(buf, len, position);
	EQ(SSL_write(p->peer, buf, (int)len), len);
	while (have < len) {
		ssize_t ret = tlsring_session_recv(p->session, got + have, len - have);

		if (ret == -EAGAIN) {
			wait_for(p->fd, POLLIN);
			continue;
		}
		CHECK(ret > 0);
		have += (size_t)ret;
	}
	EQ_MEM(got, buf, len);
}

static void to_peer(struct pair *p, uint64_t position, size_t len)
{
	uint8_t buf[16384], got[16384];
	size_t have = 0;

	CHECK(len <= sizeof(buf));
	peer_fill(buf, len, position);
	EQ(tlsring_session_send(p->session, buf, len), len);
	while (have < len) {
		int ret = SSL_read(p->peer, got + have, (int)(len - have));

		if (ret <= 0 && SSL_get_error(p->peer, ret) == SSL_ERROR_WANT_READ) {
			wait_for(p->peer_fd, POLLIN);
			continue;
		}
		CHECK(ret > 0);
		have += (size_t)ret;
	}
	EQ_MEM(got, buf, len);
}

static void both_ways(struct pair *p)
{
	static uint64_t position;

	for (int i = 0; i < 5; i++) {
		to_us(p, position, 1 + (size_t)i * 4000);
		to_peer(p, position + 7, 1 + (size_t)i * 4000);
		position += 12345;
	}
}

static void expect_paths(struct pair *p, const char *suite, unsigned directions)
{
	struct tlsring_info info = { .size = sizeof(info) };
	bool kernel = peer_kernel_takes(suite);

	EQ(tlsring_session_info(p->session, &info), 0);
	EQ(info.tx.path, kernel && directions & TLSRING_TX ? TLSRING_PATH_KERNEL : TLSRING_PATH_USER);
	EQ(info.rx.path, kernel && directions & TLSRING_RX ? TLSRING_PATH_KERNEL : TLSRING_PATH_USER);
	CHECK(info.tx.path == TLSRING_PATH_KERNEL || info.tx.reason);
	EQ_STR(info.cipher, suite);
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
	struct pair p;

	pair_new(&p, server, suite, &options);
	pair_shake(&p);
	for (int i = 0; i < records_before; i++)
		both_ways(&p);
	EQ(tlsring_session_handover(p.session), 0);
	expect_paths(&p, suite, directions ? directions : TLSRING_TX | TLSRING_RX);
	both_ways(&p);
	EQ(tlsring_session_close(p.session), 0);
	to_us(&p, 0, 100);
	SSL_shutdown(p.peer);
	wait_for(p.fd, POLLIN);
	EQ(tlsring_session_recv(p.session, &byte, 1), 0);
	pair_free(&p);
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
	struct pair p;
	BIO *mem = BIO_new(BIO_s_mem());
	size_t have = 0;
	int len;

	pair_new(&p, true, SUITE, NULL);
	pair_shake(&p);
	SSL_set0_wbio(p.peer, mem);
	peer_fill(buf, sizeof(buf), 0);
	EQ(SSL_write(p.peer, buf, sizeof(buf)), sizeof(buf));
	peer_fill(buf, sizeof(buf), sizeof(buf));
	EQ(SSL_write(p.peer, buf, sizeof(buf)), sizeof(buf));
	len = BIO_read(mem, record, sizeof(record));
	CHECK(len > 8000);
	/* libssl gets the first record and the start of the second. */
	EQ(write(p.peer_fd, record, 5000), 5000);
	wait_for(p.fd, POLLIN);
	EQ(tlsring_session_recv(p.session, got, sizeof(got)), 4000);
	EQ(tlsring_session_recv(p.session, got + 4000, sizeof(got)), -EAGAIN);
	EQ(tlsring_session_handover(p.session), -EAGAIN);
	EQ(write(p.peer_fd, record + 5000, (size_t)len - 5000), len - 5000);
	SSL_set_fd(p.peer, p.peer_fd);
	wait_for(p.fd, POLLIN);
	EQ(tlsring_session_handover(p.session), 0);
	expect_paths(&p, SUITE, TLSRING_TX | TLSRING_RX);
	while (have < 4000) {
		ssize_t ret = tlsring_session_recv(p.session, got + 4000 + have, 1000);

		CHECK(ret > 0);
		have += (size_t)ret;
	}
	peer_fill(buf, sizeof(buf), 0);
	EQ_MEM(got, buf, sizeof(buf));
	peer_fill(buf, sizeof(buf), sizeof(buf));
	EQ_MEM(got + 4000, buf, sizeof(buf));
	both_ways(&p);
	pair_free(&p);
}

TEST(hand_over_with_a_key_update_to_answer)
{
	struct pair p;

	pair_new(&p, true, SUITE, NULL);
	pair_shake(&p);
	both_ways(&p);
	EQ(SSL_key_update(p.peer, SSL_KEY_UPDATE_REQUESTED), 1);
	to_us(&p, 0, 1000);
	EQ(tlsring_session_handover(p.session), 0);
	expect_paths(&p, SUITE, TLSRING_TX | TLSRING_RX);
	both_ways(&p);
	pair_free(&p);
}

/* Our side is over, the peer's wish for a new key of ours is not fulfilled any more. */
TEST(hand_over_after_the_close)
{
	struct tlsring_ctx_options options = { .size = sizeof(options), .offload = TLSRING_OFFLOAD_OFF };
	struct pair p;

	pair_new(&p, true, SUITE, &options);
	pair_shake(&p);
	both_ways(&p);
	EQ(tlsring_session_close(p.session), 0);
	EQ(tlsring_session_handover(p.session), 0);
	EQ(SSL_key_update(p.peer, SSL_KEY_UPDATE_REQUESTED), 1);
	to_us(&p, 0, 1000);
	EQ(SSL_key_update(p.peer, SSL_KEY_UPDATE_REQUESTED), 1);
	to_us(&p, 1000, 1000);
	pair_free(&p);
}

/* Without kTLS at the context already, with it at a cipher that no kernel has. */
TEST(refused_where_required)
{
	struct tlsring_ctx_options options = { .size = sizeof(options), .offload = TLSRING_OFFLOAD_REQUIRE };
	SSL_CTX *ssl = peer_ctx(true, NULL);
	struct tlsring_ctx *ctx;
	struct pair p;

	if (!ktls_probe()->ulp) {
		EQ(tlsring_ctx_new(&ctx, ssl, &options), -EOPNOTSUPP);
	} else {
		pair_new(&p, true, "TLS_AES_128_CCM_8_SHA256", &options);
		SSL_set_security_level(p.ours, 0);
		SSL_set_security_level(p.peer, 0);
		pair_shake(&p);
		EQ(tlsring_session_handover(p.session), -EOPNOTSUPP);
		pair_free(&p);
	}
	SSL_CTX_free(ssl);
}

TEST(not_before_the_handshake)
{
	struct tlsring_session *session;
	struct pair p;

	pair_new(&p, true, SUITE, NULL);
	EQ(tlsring_session_new(&session, p.ctx, p.ours, p.fd), -ENOTCONN);
	SSL_free(p.ours);
	pair_free(&p);
}

TEST(not_an_unwatched_ssl)
{
	struct tlsring_session *session;
	struct pair p;
	SSL *ssl;

	pair_new(&p, true, SUITE, NULL);
	ssl = SSL_new(p.our_ctx);
	EQ(tlsring_session_new(&session, p.ctx, ssl, p.fd), -EINVAL);
	EQ(tlsring_handshake(ssl), -EINVAL);
	SSL_free(ssl);
	SSL_free(p.ours);
	pair_free(&p);
}

/* ---- KeyUpdate ---- */

static void peer_updates(bool request)
{
	bool rekey = ktls_probe()->rekey_rx;
	struct ktls_counters before;
	struct pair p;
	uint8_t byte;

	need_kernel();
	pair_new(&p, true, SUITE, NULL);
	pair_shake(&p);
	EQ(tlsring_session_handover(p.session), 0);
	both_ways(&p);
	before = peer_counters();
	EQ(SSL_key_update(p.peer, request ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED), 1);
	if (rekey) {
		for (int i = 0; i < 3; i++)
			both_ways(&p);
		EQ(peer_counters().rx_rekey_ok - before.rx_rekey_ok, 1);
		EQ(peer_counters().tx_rekey_ok - before.tx_rekey_ok, request);
	} else {
		EQ(SSL_write(p.peer, "x", 1), 1);
		wait_for(p.fd, POLLIN);
		EQ(tlsring_session_recv(p.session, &byte, 1), -EKEYEXPIRED);
		EQ(tlsring_session_close(p.session), 0);
		wait_for(p.peer_fd, POLLIN);
		EQ(SSL_read(p.peer, &byte, 1), 0);
		EQ(SSL_get_error(p.peer, 0), SSL_ERROR_ZERO_RETURN);
	}
	pair_free(&p);
}

TEST(key_update_received) { peer_updates(false); }
TEST(key_update_requested_of_us) { peer_updates(true); }

TEST(key_update_sent)
{
	struct ktls_counters before;
	struct pair p;

	need_kernel();
	pair_new(&p, true, SUITE, NULL);
	pair_shake(&p);
	EQ(tlsring_session_handover(p.session), 0);
	both_ways(&p);
	before = peer_counters();
	if (!ktls_probe()->rekey_tx) {
		EQ(tlsring_session_update(p.session, true), -EOPNOTSUPP);
	} else {
		for (int i = 0; i < 3; i++) {
			EQ(tlsring_session_update(p.session, i & 1), 0);
			both_ways(&p);
		}
		EQ(peer_counters().tx_rekey_ok - before.tx_rekey_ok, 3);
	}
	both_ways(&p);
	pair_free(&p);
}

TEST(key_updates_of_a_direction_each)
{
	struct tlsring_ctx_options options = { .size = sizeof(options) };
	struct pair p;

	need_kernel();
	for (unsigned directions = TLSRING_TX; directions <= TLSRING_RX; directions++) {
		options.directions = directions;
		if (directions == TLSRING_TX ? !ktls_probe()->rekey_tx : !ktls_probe()->rekey_rx)
			continue;
		pair_new(&p, true, SUITE, &options);
		pair_shake(&p);
		EQ(tlsring_session_handover(p.session), 0);
		both_ways(&p);
		EQ(SSL_key_update(p.peer, SSL_KEY_UPDATE_REQUESTED), 1);
		both_ways(&p);
		EQ(tlsring_session_update(p.session, true), 0);
		both_ways(&p);
		both_ways(&p);
		pair_free(&p);
	}
}

TEST(key_update_flood)
{
	struct pair p;
	uint8_t byte;
	ssize_t ret;

	need_kernel();
	if (!ktls_probe()->rekey_rx)
		SKIP("this kernel cannot rekey");
	pair_new(&p, true, SUITE, NULL);
	pair_shake(&p);
	EQ(tlsring_session_handover(p.session), 0);
	for (int i = 0; i < 40; i++) {
		CHECK(SSL_key_update(p.peer, SSL_KEY_UPDATE_NOT_REQUESTED));
		CHECK(SSL_do_handshake(p.peer) == 1);
	}
	do {
		wait_for(p.fd, POLLIN);
		ret = tlsring_session_recv(p.session, &byte, 1);
	} while (ret == -EAGAIN);
	EQ(ret, TLSRING_EALERT_SENT(SSL_AD_UNEXPECTED_MESSAGE));
	pair_free(&p);
}

TEST(long_lived_connections_stay_where_the_kernel_cannot_rekey)
{
	struct tlsring_ctx_options options = { .size = sizeof(options), .long_lived = true };
	struct tlsring_info info = { .size = sizeof(info) };
	struct pair p;

	need_kernel();
	pair_new(&p, true, SUITE, &options);
	pair_shake(&p);
	EQ(tlsring_session_handover(p.session), 0);
	EQ(tlsring_session_info(p.session, &info), 0);
	if (ktls_probe()->rekey_rx) {
		EQ(info.tx.path, TLSRING_PATH_KERNEL);
	} else {
		EQ(info.tx.path, TLSRING_PATH_USER);
		EQ(info.tx.reason, TLSRING_REASON_NO_REKEY);
	}
	SSL_key_update(p.peer, SSL_KEY_UPDATE_REQUESTED);
	both_ways(&p);
	both_ways(&p);
	pair_free(&p);
}

/* ---- alerts and the end ---- */

TEST(truncation_is_no_clean_end)
{
	struct pair p;
	uint8_t byte;

	pair_new(&p, true, SUITE, NULL);
	pair_shake(&p);
	EQ(tlsring_session_handover(p.session), 0);
	to_us(&p, 0, 100);
	shutdown(p.peer_fd, SHUT_WR);
	wait_for(p.fd, POLLIN);
	EQ(tlsring_session_recv(p.session, &byte, 1), -EPIPE);
	EQ(tlsring_session_recv(p.session, &byte, 1), -EPIPE);
	pair_free(&p);
}

/* A record whose last byte was changed on its way. */
TEST(bad_record_mac)
{
	uint8_t record[300], byte;
	struct pair p;
	BIO *mem = BIO_new(BIO_s_mem());
	int len, ret;

	pair_new(&p, true, SUITE, NULL);
	pair_shake(&p);
	EQ(tlsring_session_handover(p.session), 0);
	SSL_set0_wbio(p.peer, mem);
	EQ(SSL_write(p.peer, "hello", 5), 5);
	len = BIO_read(mem, record, sizeof(record));
	record[len - 1] ^= 1;
	EQ(write(p.peer_fd, record, (size_t)len), len);
	wait_for(p.fd, POLLIN);
	EQ(tlsring_session_recv(p.session, &byte, 1), TLSRING_EALERT_SENT(SSL_AD_BAD_RECORD_MAC));
	do {
		wait_for(p.peer_fd, POLLIN);
		ret = SSL_read(p.peer, &byte, 1);
	} while (SSL_get_error(p.peer, ret) == SSL_ERROR_WANT_READ);
	CHECK(ret <= 0);
	EQ(ERR_GET_REASON(ERR_peek_error()), SSL_AD_REASON_OFFSET + SSL_AD_BAD_RECORD_MAC);
	pair_free(&p);
}

TEST(control_records_beside_plain_read)
{
	uint8_t buf[100];
	struct pair p;

	need_kernel();
	pair_new(&p, true, SUITE, NULL);
	pair_shake(&p);
	EQ(tlsring_session_handover(p.session), 0);
	EQ(tlsring_session_control(p.session), -EAGAIN);
	EQ(SSL_write(p.peer, "abc", 3), 3);
	wait_for(p.fd, POLLIN);
	EQ(tlsring_session_control(p.session), -EAGAIN);
	EQ(read(p.fd, buf, sizeof(buf)), 3);
	if (ktls_probe()->rekey_rx) {
		SSL_key_update(p.peer, SSL_KEY_UPDATE_REQUESTED);
		EQ(SSL_write(p.peer, "def", 3), 3);
		wait_for(p.fd, POLLIN);
		EQ(read(p.fd, buf, sizeof(buf)), -1);
		EQ(errno, EIO);
		EQ(tlsring_session_control(p.session), 0);
		EQ(read(p.fd, buf, sizeof(buf)), 3);
		EQ_MEM(buf, "def", 3);
	}
	SSL_shutdown(p.peer);
	wait_for(p.fd, POLLIN);
	EQ(read(p.fd, buf, sizeof(buf)), -1);
	EQ(errno, EIO);
	EQ(tlsring_session_control(p.session), 1);
	pair_free(&p);
}

/* ---- tickets ---- */

static SSL_SESSION *kept;

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	SSL_SESSION_free(kept);
	kept = session;
	return 1;
}

/* A client's tickets come through the kernel, reach the callback, and resume. */
static void tickets(const char *suite)
{
	struct pair p;
	SSL_SESSION *session;

	pair_new(&p, false, suite, NULL);
	SSL_CTX_set_session_cache_mode(p.our_ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(p.our_ctx, keep_session);
	pair_shake(&p);
	EQ(tlsring_session_handover(p.session), 0);
	both_ways(&p);
	CHECK(kept);
	session = kept;
	kept = NULL;
	tlsring_session_free(p.session);
	SSL_free(p.peer);
	close(p.fd);
	close(p.peer_fd);
	pair_sockets(&p);
	p.ours = SSL_new(p.our_ctx);
	p.peer = SSL_new(p.peer_ctx);
	EQ(tlsring_watch(p.ours), 0);
	SSL_set_fd(p.ours, p.fd);
	SSL_set_fd(p.peer, p.peer_fd);
	SSL_set_connect_state(p.ours);
	SSL_set_accept_state(p.peer);
	EQ(SSL_set_session(p.ours, session), 1);
	pair_shake(&p);
	EQ(SSL_session_reused(p.peer), 1);
	EQ(tlsring_session_handover(p.session), 0);
	both_ways(&p);
	SSL_SESSION_free(session);
	SSL_SESSION_free(kept);
	pair_free(&p);
}

TEST(tickets_tls13_aes128) { tickets(SUITE); }
TEST(tickets_tls13_aes256) { tickets("TLS_AES_256_GCM_SHA384"); }
TEST(tickets_tls13_chacha) { tickets("TLS_CHACHA20_POLY1305_SHA256"); }
TEST(tickets_tls12) { tickets("ECDHE-ECDSA-AES128-GCM-SHA256"); }
