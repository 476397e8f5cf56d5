// SPDX-License-Identifier: MIT
/* The connection as a machine: no socket, no kernel; the test plays both. */
#include "ktls/control.h"
#include "lib/tls/control.h"
#include "lib/tls/machine.h"
#include "lib/tls/ticket.h"
#include "lib/tlsring.h"
#include "tests/lib/peer.h"

struct machine {
	struct tlsring_ctx *ctx;
	SSL_CTX *server, *client;
	struct conn conn;
	SSL *peer;
	BIO *to_peer, *from_peer;
};

static struct ktls_caps caps;

static void machine_new(struct machine *m, const char *suite, enum tlsring_offload offload)
{
	struct tlsring_ctx_options options = { .size = sizeof(options), .offload = offload };

	*m = (struct machine){ .server = peer_ctx(true, suite), .client = peer_ctx(false, suite) };
	EQ(tlsring_ctx_new(&m->ctx, m->server, &options), 0);
	/* A kernel that can do everything, as far as the machine knows. */
	caps = (struct ktls_caps){ .ulp = true, .rekey_tx = true, .rekey_rx = true };
	m->ctx->caps = &caps;
	conn_accept(&m->conn, m->ctx);
	m->peer = SSL_new(m->client);
	m->to_peer = BIO_new(BIO_s_mem());
	m->from_peer = BIO_new(BIO_s_mem());
	SSL_set_bio(m->peer, m->to_peer, m->from_peer);
	SSL_set_connect_state(m->peer);
}

static void machine_free(struct machine *m)
{
	conn_wipe(&m->conn);
	SSL_free(m->peer);
	tlsring_ctx_free(m->ctx);
	SSL_CTX_free(m->server);
	SSL_CTX_free(m->client);
}

static void output_to_peer(struct machine *m)
{
	uint8_t *out;
	size_t len = conn_output(&m->conn, &out);

	if (!len)
		return;
	EQ(BIO_write(m->to_peer, out, (int)len), len);
	free(out);
}

/* At most `piece` bytes at a time, and never more than the machine wants. */
static void input_from_peer(struct machine *m, size_t piece)
{
	uint8_t buf[20000];
	size_t max;
	int len;

	while ((max = conn_receivable(&m->conn))) {
		max = max < piece ? max : piece;
		len = BIO_read(m->from_peer, buf, (int)(max < sizeof(buf) ? max : sizeof(buf)));
		if (len <= 0)
			return;
		conn_feed(&m->conn, buf, (size_t)len);
		if (m->conn.state >= CONN_HANDOVER)
			return;
	}
}

static void shake(struct machine *m, size_t piece)
{
	while (m->conn.state == CONN_HANDSHAKE) {
		SSL_do_handshake(m->peer);
		input_from_peer(m, piece);
		output_to_peer(m);
	}
}

/* The kernel takes both keys. */
static void install(struct machine *m)
{
	CHECK(conn_installable(&m->conn));
	conn_installed(&m->conn, KTLS_RX, 0, TLSRING_REASON_NONE);
	conn_installed(&m->conn, KTLS_TX, 0, TLSRING_REASON_NONE);
	conn_handed_over(&m->conn);
	EQ(m->conn.state, CONN_OPEN);
	CHECK(!m->conn.wire);
}

static void to_kernel(struct machine *m)
{
	machine_new(m, "TLS_AES_128_GCM_SHA256", TLSRING_OFFLOAD_AUTO);
	shake(m, 1);
	EQ(m->conn.state, CONN_HANDOVER);
	install(m);
}

static void user_space(const char *suite, size_t piece)
{
	uint8_t buf[3000], got[3000];
	struct machine m;
	const uint8_t *data;
	size_t have = 0, n;
	int len;

	machine_new(&m, suite, TLSRING_OFFLOAD_OFF);
	shake(&m, piece);
	EQ(m.conn.state, CONN_OPEN);
	EQ(m.conn.dir[KTLS_TX].reason, TLSRING_REASON_POLICY_OFF);
	SSL_do_handshake(m.peer);
	peer_fill(buf, sizeof(buf), 0);
	EQ(SSL_write(m.peer, buf, sizeof(buf)), sizeof(buf));
	while ((len = BIO_read(m.from_peer, got, (int)(piece < 3000 ? piece : 3000))) > 0) {
		uint8_t plain[4096];

		conn_feed(&m.conn, got, (size_t)len);
		while ((n = conn_read(&m.conn, plain, sizeof(plain), &data))) {
			EQ_MEM(data, buf + have, n);
			have += n;
		}
	}
	EQ(have, sizeof(buf));
	EQ(conn_seal(&m.conn, buf, sizeof(buf)), 0);
	output_to_peer(&m);
	EQ(SSL_read(m.peer, got, sizeof(got)), sizeof(got));
	EQ_MEM(got, buf, sizeof(buf));
	conn_close(&m.conn);
	output_to_peer(&m);
	EQ(SSL_read(m.peer, got, 1), 0);
	EQ(SSL_get_error(m.peer, 0), SSL_ERROR_ZERO_RETURN);
	machine_free(&m);
}

TEST(user_space_tls13) { user_space("TLS_AES_128_GCM_SHA256", 20000); }
TEST(user_space_tls13_byte_by_byte) { user_space("TLS_AES_256_GCM_SHA384", 1); }
TEST(user_space_tls12) { user_space("ECDHE-ECDSA-AES128-GCM-SHA256", 20000); }
TEST(user_space_tls12_byte_by_byte) { user_space("ECDHE-ECDSA-CHACHA20-POLY1305", 1); }

TEST(hand_over_frees_the_ssl)
{
	struct machine m;

	to_kernel(&m);
	EQ(m.conn.dir[KTLS_TX].path, TLSRING_PATH_KERNEL);
	machine_free(&m);
}

/* While half a record is in, just the missing bytes may be received. */
TEST(hand_over_waits_for_a_boundary)
{
	uint8_t record[200], plain[100];
	const uint8_t *data;
	struct machine m;
	size_t max, fed = 0;
	int len;

	machine_new(&m, "TLS_AES_128_GCM_SHA256", TLSRING_OFFLOAD_AUTO);
	/* The Finished and the first data record come together. */
	SSL_do_handshake(m.peer);
	input_from_peer(&m, 20000);
	output_to_peer(&m);
	EQ(SSL_do_handshake(m.peer), 1);
	input_from_peer(&m, 20000);
	EQ(m.conn.state, CONN_HANDOVER);
	output_to_peer(&m);
	EQ(SSL_write(m.peer, "hello, machine", 14), 14);
	len = BIO_read(m.from_peer, record, sizeof(record));
	conn_feed(&m.conn, record, 3);
	EQ(conn_read(&m.conn, plain, sizeof(plain), &data), 0);
	fed = 3;
	while ((max = conn_receivable(&m.conn))) {
		CHECK(!conn_installable(&m.conn));
		CHECK(fed + max <= (size_t)len);
		conn_feed(&m.conn, record + fed, max);
		fed += max;
		if (fed == (size_t)len)
			EQ(conn_read(&m.conn, plain, sizeof(plain), &data), 14);
		else
			EQ(conn_read(&m.conn, plain, sizeof(plain), &data), 0);
	}
	EQ(fed, len);
	EQ_MEM(data, "hello, machine", 14);
	CHECK(conn_installable(&m.conn));
	EQ(m.conn.session->dir[KTLS_RX].seq, 1);
	machine_free(&m);
}

static void http_comes(const char *response, const char *request, const char *expected)
{
	char bytes[64];
	struct machine m;
	uint8_t *out;
	size_t len;

	machine_new(&m, "TLS_AES_128_GCM_SHA256", TLSRING_OFFLOAD_AUTO);
	m.ctx->http_response = response;
	conn_feed(&m.conn, strcpy(bytes, request), strlen(request));
	EQ(m.conn.state, CONN_FAILED);
	len = conn_output(&m.conn, &out);
	EQ(len, strlen(expected));
	if (len) {
		EQ_MEM(out, expected, len);
		free(out);
	}
	machine_free(&m);
}

TEST(http_in_place_of_tls)
{
	http_comes("HTTP/1.1 400 Bad Request\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
		   "HTTP/1.1 400 Bad Request\r\n\r\n");
	http_comes(NULL, "GET / HTTP/1.1\r\n\r\n", "");
}

/* The peer's KeyUpdate comes between the handshake and the hand-over, and wants an answer. */
TEST(hand_over_answers_a_key_update_first)
{
	uint8_t record[400], plain[100], *out;
	const uint8_t *data;
	struct machine m;
	int len;

	machine_new(&m, "TLS_AES_128_GCM_SHA256", TLSRING_OFFLOAD_AUTO);
	shake(&m, 20000);
	EQ(m.conn.state, CONN_HANDOVER);
	EQ(SSL_key_update(m.peer, SSL_KEY_UPDATE_REQUESTED), 1);
	EQ(SSL_write(m.peer, "hello", 5), 5);
	len = BIO_read(m.from_peer, record, sizeof(record));
	conn_feed(&m.conn, record, (size_t)len);
	EQ(conn_read(&m.conn, plain, sizeof(plain), &data), 5);
	EQ(conn_read(&m.conn, plain, sizeof(plain), &data), 0);
	CHECK(!conn_installable(&m.conn));
	len = (int)conn_output(&m.conn, &out);
	CHECK(len > 0);
	EQ(BIO_write(m.to_peer, out, len), len);
	free(out);
	CHECK(conn_installable(&m.conn));
	EQ(m.conn.session->dir[KTLS_RX].seq, 1);
	EQ(m.conn.session->dir[KTLS_TX].seq, 0);
	machine_free(&m);
}

static void fails(struct machine *m, int type, const char *data, size_t len, int alert)
{
	uint8_t buf[8];
	size_t sent;

	CHECK(!conn_record(&m->conn, type, data, len, true));
	EQ(m->conn.state, CONN_FAILED);
	EQ(m->conn.result, TLSRING_EALERT_SENT(alert));
	EQ(conn_control(&m->conn, buf, &sent), KTLS_RECORD_ALERT);
	EQ(sent, 2);
	EQ(buf[0], KTLS_ALERT_FATAL);
	EQ(buf[1], alert);
	conn_control_sent(&m->conn);
	EQ(conn_control(&m->conn, buf, &sent), 0);
	machine_free(m);
}

#define FAILS(name, type, bytes, alert)					\
	TEST(name)							\
	{								\
		struct machine m;					\
		to_kernel(&m);						\
		fails(&m, type, bytes, sizeof(bytes) - 1, alert);	\
	}

FAILS(unexpected_record_type, 99, "x", SSL_AD_UNEXPECTED_MESSAGE)
FAILS(change_cipher_spec_late, 20, "\1", SSL_AD_UNEXPECTED_MESSAGE)
FAILS(alert_too_long, 21, "\1\0\0", SSL_AD_DECODE_ERROR)
FAILS(key_update_empty, 22, "\30\0\0\0", SSL_AD_DECODE_ERROR)
FAILS(key_update_strange, 22, "\30\0\0\1\2", SSL_AD_ILLEGAL_PARAMETER)
FAILS(key_update_not_last, 22, "\30\0\0\1\0\30\0\0\1\0", SSL_AD_UNEXPECTED_MESSAGE)
FAILS(alert_empty, 21, "", SSL_AD_UNEXPECTED_MESSAGE)
FAILS(handshake_empty, 22, "", SSL_AD_UNEXPECTED_MESSAGE)
FAILS(client_hello_late, 22, "\1\0\0\0", SSL_AD_UNEXPECTED_MESSAGE)
FAILS(ticket_for_a_server, 22, "\4\0\0\0", SSL_AD_UNEXPECTED_MESSAGE)
FAILS(handshake_message_too_long, 22, "\30\377\377\377" "abc", SSL_AD_DECODE_ERROR)

TEST(kernel_errors_become_alerts)
{
	static const struct { int error, alert; } cases[] = {
		{ -EBADMSG, SSL_AD_BAD_RECORD_MAC }, { -EMSGSIZE, SSL_AD_RECORD_OVERFLOW },
	};
	struct machine m;

	for (size_t i = 0; i < 2; i++) {
		to_kernel(&m);
		CHECK(!conn_record_error(&m.conn, cases[i].error));
		EQ(m.conn.result, TLSRING_EALERT_SENT(cases[i].alert));
		machine_free(&m);
	}
}

TEST(close_notify_in_two_pieces)
{
	struct machine m;

	to_kernel(&m);
	CHECK(!conn_record(&m.conn, 21, "\1", 1, false));
	EQ(m.conn.state, CONN_OPEN);
	CHECK(!m.conn.close_received);
	CHECK(!conn_record(&m.conn, 21, "\0", 1, true));
	CHECK(m.conn.close_received);
	machine_free(&m);
}

TEST(alert_by_name)
{
	struct machine m;

	to_kernel(&m);
	CHECK(!conn_record(&m.conn, 21, "\2\24", 2, true));
	EQ(m.conn.result, TLSRING_EALERT_RECEIVED(20));
	EQ_STR(m.conn.detail, "bad_record_mac");
	machine_free(&m);
}

/* Java says so before it closes, and may go on reading. */
TEST(user_canceled_is_no_end)
{
	struct machine m;

	to_kernel(&m);
	CHECK(!conn_record(&m.conn, 21, "\1\132", 2, true));
	EQ(m.conn.state, CONN_OPEN);
	CHECK(!conn_record(&m.conn, 21, "\1\0", 2, true));
	CHECK(m.conn.close_received);
	EQ(m.conn.state, CONN_OPEN);
	machine_free(&m);
}

TEST(key_update_byte_by_byte)
{
	static const char message[] = "\30\0\0\1\1";
	uint8_t before[KTLS_SECRET_MAX], buf[8];
	struct machine m;
	size_t len;

	to_kernel(&m);
	memcpy(before, m.conn.session->dir[KTLS_RX].bytes, sizeof(before));
	for (int i = 0; i < 5; i++) {
		CHECK(!m.conn.rekey_rx);
		CHECK(!conn_record(&m.conn, 22, message + i, 1, i == 4));
	}
	CHECK(m.conn.rekey_rx);
	CHECK(conn_rekey(&m.conn, KTLS_RX));
	CHECK(memcmp(before, m.conn.session->dir[KTLS_RX].bytes, 32));
	EQ(m.conn.session->dir[KTLS_RX].seq, 0);
	conn_rekeyed(&m.conn, KTLS_RX, 0);
	EQ(conn_control(&m.conn, buf, &len), KTLS_RECORD_HANDSHAKE);
	EQ_MEM(buf, "\30\0\0\1\0", 5);
	CHECK(!conn_rekey(&m.conn, KTLS_TX));
	conn_control_sent(&m.conn);
	CHECK(conn_rekey(&m.conn, KTLS_TX));
	machine_free(&m);
}

TEST(key_update_flood)
{
	struct machine m;
	int i;

	to_kernel(&m);
	for (i = 0; i < 100 && m.conn.state == CONN_OPEN; i++)
		conn_record(&m.conn, 22, "\30\0\0\1\0", 5, true);
	EQ(i, 33);
	EQ(m.conn.result, TLSRING_EALERT_SENT(SSL_AD_UNEXPECTED_MESSAGE));
	machine_free(&m);
}

/* 2^24.5 full records: long before them the key is changed, where that can be done. */
TEST(key_updates_for_what_we_send)
{
	struct machine m;
	int i;

	to_kernel(&m);
	CHECK(conn_account(&m.conn, 100 * 16384));
	for (i = 0; i < 1000 && m.conn.state == CONN_OPEN; i++)
		conn_record(&m.conn, 22, "\30\0\0\1\0", 5, true);
	EQ(i, 133);
	EQ(m.conn.result, TLSRING_EALERT_SENT(SSL_AD_UNEXPECTED_MESSAGE));
	machine_free(&m);
}

TEST(record_limit)
{
	uint64_t bytes = 0, limit;
	struct machine m;
	size_t len;
	uint8_t buf[8];

	to_kernel(&m);
	limit = m.conn.session->cipher->record_limit * 16384;
	while (!m.conn.due) {
		CHECK(conn_account(&m.conn, 1 << 30));
		bytes += 1 << 30;
		CHECK(bytes < limit);
	}
	CHECK(bytes > limit / 2);
	EQ(conn_control(&m.conn, buf, &len), KTLS_RECORD_HANDSHAKE);
	conn_control_sent(&m.conn);
	CHECK(conn_rekey(&m.conn, KTLS_TX));
	conn_rekeyed(&m.conn, KTLS_TX, 0);
	CHECK(conn_account(&m.conn, 1 << 30));
	EQ(m.conn.due, 0);
	caps.rekey_tx = false;
	for (bytes = 0; conn_account(&m.conn, 1 << 30); bytes += 1 << 30)
		CHECK(bytes < limit);
	EQ(m.conn.dir[KTLS_TX].reason, TLSRING_REASON_NO_REKEY);
	machine_free(&m);
}

TEST(no_rekey_ends_the_reading_side)
{
	struct machine m;

	to_kernel(&m);
	caps.rekey_rx = false;
	CHECK(!conn_record(&m.conn, 22, "\30\0\0\1\0", 5, true));
	EQ(m.conn.state, CONN_OPEN);
	CHECK(m.conn.rx_over);
	EQ(m.conn.dir[KTLS_RX].reason, TLSRING_REASON_NO_REKEY);
	machine_free(&m);
}

/* ---- records without content, whoever opened them ---- */

static unsigned until_refused(int type, const char *data, size_t len, const char *suite)
{
	struct machine m;
	unsigned taken = 0;

	machine_new(&m, suite, TLSRING_OFFLOAD_OFF);
	shake(&m, 20000);
	/* Content begins the count anew. */
	for (int i = 0; i < 20; i++)
		CHECK(!conn_record(&m.conn, type, data, len, true));
	CHECK(conn_record(&m.conn, KTLS_RECORD_APPLICATION, "x", 1, true));
	while (m.conn.state == CONN_OPEN && taken < 1000) {
		CHECK(!conn_record(&m.conn, type, data, len, true));
		taken += m.conn.state == CONN_OPEN;
	}
	EQ(m.conn.result, TLSRING_EALERT_SENT(SSL_AD_UNEXPECTED_MESSAGE));
	machine_free(&m);
	return taken;
}

#define TLS13_SUITE "TLS_AES_128_GCM_SHA256"
#define TLS12_SUITE "ECDHE-ECDSA-AES128-GCM-SHA256"

TEST(empty_records)
{
	EQ(until_refused(23, "", 0, TLS13_SUITE), 32);
}
TEST(empty_records_tls12) { EQ(until_refused(23, "", 0, TLS12_SUITE), 32); }
TEST(key_updates) { EQ(until_refused(22, "\30\0\0\1\0", 5, TLS13_SUITE), 32); }
TEST(user_canceled) { EQ(until_refused(21, "\1\132", 2, TLS13_SUITE), 32); }
TEST(warnings_tls12) { EQ(until_refused(21, "\1\156", 2, TLS12_SUITE), 32); }
TEST(renegotiation_tls12) { EQ(until_refused(22, "\1\0\0\0", 4, TLS12_SUITE), 32); }

/* ---- KeyUpdates and closing where we seal and open ---- */

static void feed_peer_output(struct machine *m, const char *want)
{
	uint8_t buf[20000], plain[100];
	const uint8_t *data;
	char got[200] = "";
	size_t len, have = 0;
	int n;

	while ((n = BIO_read(m->from_peer, buf, 7)) > 0) {
		conn_feed(&m->conn, buf, (size_t)n);
		while ((len = conn_read(&m->conn, plain, sizeof(plain), &data))) {
			CHECK(have + len < sizeof(got));
			memcpy(got + have, data, len);
			have += len;
		}
	}
	EQ_STR(got, want);
}

static void say(struct machine *m, const char *text)
{
	char got[100] = "";

	EQ(conn_seal(&m->conn, text, strlen(text)), 0);
	output_to_peer(m);
	EQ(SSL_read(m->peer, got, sizeof(got)), strlen(text));
	EQ_STR(got, text);
}

TEST(key_updates_both_ways)
{
	struct machine m;

	machine_new(&m, TLS13_SUITE, TLSRING_OFFLOAD_OFF);
	shake(&m, 20000);
	SSL_do_handshake(m.peer);
	for (int i = 0; i < 10; i++) {
		EQ(SSL_key_update(m.peer,
				  i & 1 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED),
		   1);
		EQ(SSL_write(m.peer, "hello", 5), 5);
		feed_peer_output(&m, "hello");
		EQ(!!m.conn.due, i & 1);
		say(&m, "answered");
		conn_update(&m.conn, i % 3 == 0);
		say(&m, "with the next key");
		EQ(SSL_do_handshake(m.peer), 1);
		EQ(SSL_write(m.peer, "x", 1), 1);
		feed_peer_output(&m, "x");
	}
	CHECK(m.conn.rekeys[KTLS_RX] >= 10);
	EQ(m.conn.rekeys[KTLS_TX], 10 + 5);
	machine_free(&m);
}

/* libssl does not have to be alive for it. */
TEST(no_ssl_after_the_handshake)
{
	struct machine m;

	machine_new(&m, TLS13_SUITE, TLSRING_OFFLOAD_OFF);
	shake(&m, 20000);
	EQ(m.conn.state, CONN_OPEN);
	CHECK(!m.conn.wire);
	machine_free(&m);
}

/* RFC 8446, 6.1: the other direction goes on, what follows is not even looked at. */
TEST(after_close_notify)
{
	uint8_t junk[100] = "this is no record at all";
	const uint8_t *data;
	struct machine m;

	machine_new(&m, TLS13_SUITE, TLSRING_OFFLOAD_OFF);
	shake(&m, 20000);
	SSL_do_handshake(m.peer);
	EQ(SSL_write(m.peer, "request", 7), 7);
	SSL_shutdown(m.peer);
	feed_peer_output(&m, "request");
	CHECK(m.conn.close_received);
	for (int i = 0; i < 3; i++) {
		conn_feed(&m.conn, junk, sizeof(junk));
		EQ(conn_read(&m.conn, NULL, 0, &data), 0);
	}
	EQ(m.conn.state, CONN_OPEN);
	say(&m, "answer");
	machine_free(&m);
}

/* The alert for it leaves, sealed. */
TEST(forged_record)
{
	uint8_t record[100], *out;
	const uint8_t *data;
	struct machine m;
	size_t len;

	machine_new(&m, TLS13_SUITE, TLSRING_OFFLOAD_OFF);
	shake(&m, 20000);
	SSL_do_handshake(m.peer);
	EQ(SSL_write(m.peer, "content", 7), 7);
	len = (size_t)BIO_read(m.from_peer, record, sizeof(record));
	record[len - 1] ^= 1;
	conn_feed(&m.conn, record, len);
	EQ(conn_read(&m.conn, NULL, 0, &data), 0);
	EQ(m.conn.result, TLSRING_EALERT_SENT(SSL_AD_BAD_RECORD_MAC));
	len = conn_output(&m.conn, &out);
	CHECK(len);
	EQ(BIO_write(m.to_peer, out, (int)len), len);
	free(out);
	CHECK(SSL_read(m.peer, record, 1) <= 0);
	EQ(ERR_GET_REASON(ERR_peek_error()), SSL_AD_REASON_OFFSET + SSL_AD_BAD_RECORD_MAC);
	ERR_clear_error();
	machine_free(&m);
}

/* ---- tickets, which libssl does not see any more when no session callback wants them ---- */

TEST(tickets)
{
	static const struct {
		const char *body;
		size_t len;
		int alert;
	} cases[] = {
#define TICKET(bytes, alert) { bytes, sizeof(bytes) - 1, alert }
		TICKET("\0\0\0\1\0\0\0\0\1\0\0\1x\0\0", 0),
		TICKET("\0\0\0\1\0\0\0\0\0\0\1x\0\10\0\52\0\4\0\0\0\1", 0),
		TICKET("\0\0\0\1\0\0\0\0\1\0\0\0\0\0", SSL_AD_DECODE_ERROR), /* an empty ticket */
		TICKET("\0\0\0\1\0\0\0\0\1\0\0\1x", SSL_AD_DECODE_ERROR), /* no extensions */
		TICKET("\0\0\0\1\0\0\0\0\1\0\0\1x\0\0\0",
		       SSL_AD_DECODE_ERROR), /* a byte too many */
		TICKET("\0\0\0\1\0\0\0\0\377\0\0\1x\0\0", SSL_AD_DECODE_ERROR),
		TICKET("\0\0\0\1\0\0\0", SSL_AD_DECODE_ERROR),
		TICKET("\0\0\0\1\0\0\0\0\0\0\1x\0\10\377\377\0\0\377\377\0\0",
		       SSL_AD_ILLEGAL_PARAMETER),
		TICKET("\0\0\0\1\0\0\0\0\0\0\1x\0\3\377\377\0", SSL_AD_DECODE_ERROR),
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		EQ(ticket_alert((const uint8_t *)cases[i].body, cases[i].len), cases[i].alert);
}
