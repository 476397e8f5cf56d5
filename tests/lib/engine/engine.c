// SPDX-License-Identifier: MIT
/* The engine against OpenSSL's own client, over every way of I/O and both record paths. */
#include <sys/mman.h>
#include "tests/lib/service.h"

/*
 * The server: a request is 16 bytes, { position, length } of the stream that is wanted back; it is
 * sent as a head of up to 100 bytes and a file range.
 */
struct request {
	uint64_t position, length;
};

struct server {
	struct service service;
	int file;
	int opened, closed, sent, failed;
	int kernel_tx, kernel_rx;
	struct tlsring_end last;
	uint8_t *bytes;			/* the stream */
	bool close_after;
};

#define STREAM	(4u << 20)

static void opened(struct tlsring_conn *conn, void *user)
{
	struct server *s = user;
	struct tlsring_info info = { .size = sizeof(info) };

	CHECK(!tlsring_conn_info(conn, &info));
	s->kernel_tx += info.tx.path == TLSRING_PATH_KERNEL;
	s->kernel_rx += info.rx.path == TLSRING_PATH_KERNEL;
	s->opened++;
}

static ssize_t received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct server *s = user;
	struct tlsring_message message = { .file_fd = s->file };
	struct request request;
	int ret;

	if (len < sizeof(request))
		return 0;
	memcpy(&request, data, sizeof(request));
	message.head_len = request.length < 100 ? request.length : 100;
	message.head = s->bytes + request.position;
	message.offset = request.position + message.head_len;
	message.length = request.length - message.head_len;
	ret = tlsring_send(conn, &message);
	if (ret == -EBUSY)
		return -EAGAIN;
	CHECK(!ret);
	if (s->close_after)
		tlsring_close(conn);
	return sizeof(request);
}

static void sent(struct tlsring_conn *conn, int result, void *user)
{
	struct server *s = user;

	(void)conn;
	if (result)
		s->failed++;
	else
		s->sent++;
}

static void closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	struct server *s = user;

	(void)conn;
	s->last = *end;
	s->closed++;
}

static const struct tlsring_handlers handlers = {
	.size = sizeof(handlers),
	.opened = opened,
	.received = received,
	.sent = sent,
	.closed = closed,
};

static void server_start(struct server *s, const char *suite, enum tlsring_io io,
			 enum tlsring_offload offload)
{
	struct tlsring_engine_options options = { .size = sizeof(options), .io = io,
						  .handshake_timeout = 2000 };
	struct tlsring_ctx_options ctx = { .size = sizeof(ctx), .offload = offload };

	s->file = memfd_create("stream", 0);
	CHECK(s->file >= 0 && !ftruncate(s->file, STREAM));
	s->bytes = mmap(NULL, STREAM, PROT_READ | PROT_WRITE, MAP_SHARED, s->file, 0);
	CHECK(s->bytes != MAP_FAILED);
	peer_fill(s->bytes, STREAM, 0);
	service_start(&s->service, peer_ctx(true, suite), &ctx, &options, &handlers, s);
}

static void server_stop(struct server *s)
{
	service_stop(&s->service);
	munmap(s->bytes, STREAM);
	close(s->file);
}

static void ask(SSL *ssl, uint64_t position, uint64_t length)
{
	struct request request = { position, length };

	EQ(SSL_write(ssl, &request, sizeof(request)), sizeof(request));
}

static void exchange(SSL *ssl, uint64_t position, uint64_t length)
{
	ask(ssl, position, length);
	peer_expect(ssl, position, length);
}

static void goodbye(SSL *ssl)
{
	EQ(SSL_shutdown(ssl), 0);
	peer_expect_end(ssl);
	peer_free(ssl);
}

static void transfers(const char *suite, enum tlsring_io io, enum tlsring_offload offload)
{
	static const uint64_t sizes[] = { 1,	 99,	100,   101,   1280,   16383,
					  16384, 16385, 65536, 65537, 1 << 20 };
	bool kernel = offload == TLSRING_OFFLOAD_AUTO && peer_kernel_takes(suite);
	struct ktls_counters before, after;
	struct server s = { 0 };
	SSL_CTX *client = peer_ctx(false, suite);
	SSL *ssl;

	server_start(&s, suite, io, offload);
	/* The probe has installed keys too: they are counted by now. */
	before = peer_counters();
	ssl = peer_connect(client, s.service.port);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		exchange(ssl, i * 4099, sizes[i]);
	exchange(ssl, 0, STREAM);
	goodbye(ssl);
	SSL_CTX_free(client);
	server_stop(&s);
	EQ(s.opened, 1);
	EQ(s.closed, 1);
	EQ(s.last.result, 0);
	EQ(s.failed, 0);
	EQ(s.kernel_tx, kernel);
	EQ(s.kernel_rx, kernel);
	after = peer_counters();
	EQ(after.tx_sw - before.tx_sw, kernel);
	EQ(after.rx_sw - before.rx_sw, kernel);
	EQ(after.decrypt_error - before.decrypt_error, 0);
}

#define TRANSFERS(name, suite) \
	TEST(name##_ring) { transfers(suite, TLSRING_IO_URING, TLSRING_OFFLOAD_AUTO); } \
	TEST(name##_epoll) { transfers(suite, TLSRING_IO_EPOLL, TLSRING_OFFLOAD_AUTO); } \
	TEST_IN_FULL(name##_user_ring) \
	{ \
		transfers(suite, TLSRING_IO_URING, TLSRING_OFFLOAD_OFF); \
	} \
	TEST_IN_FULL(name##_user_epoll) { transfers(suite, TLSRING_IO_EPOLL, TLSRING_OFFLOAD_OFF); }

TRANSFERS(tls13_aes128, "TLS_AES_128_GCM_SHA256")
TRANSFERS(tls13_aes256, "TLS_AES_256_GCM_SHA384")
TRANSFERS(tls13_chacha, "TLS_CHACHA20_POLY1305_SHA256")
TRANSFERS(tls12_aes128, "ECDHE-ECDSA-AES128-GCM-SHA256")
TRANSFERS(tls12_aes256, "ECDHE-ECDSA-AES256-GCM-SHA384")
TRANSFERS(tls12_chacha, "ECDHE-ECDSA-CHACHA20-POLY1305")

/* SSL_MODE_ENABLE_PARTIAL_WRITE, which makes libssl take one record at a time. */
TEST(partial_writes)
{
	struct server s = { 0 };
	SSL_CTX *client = peer_ctx(false, "TLS_AES_128_GCM_SHA256");
	SSL *ssl;

	server_start(&s, "TLS_AES_128_GCM_SHA256", TLSRING_IO_AUTO, TLSRING_OFFLOAD_OFF);
	SSL_CTX_set_mode(s.service.ssl, SSL_MODE_ENABLE_PARTIAL_WRITE);
	ssl = peer_connect(client, s.service.port);
	CHECK(ssl);
	exchange(ssl, 0, STREAM);
	goodbye(ssl);
	SSL_CTX_free(client);
	server_stop(&s);
	EQ(s.failed, 0);
}

/* Requests that come at once, while answers are on their way, are all answered in order. */
static void pipelined(enum tlsring_io io, enum tlsring_offload offload)
{
	struct server s = { 0 };
	SSL_CTX *client = peer_ctx(false, NULL);
	SSL *ssl;

	server_start(&s, NULL, io, offload);
	ssl = peer_connect(client, s.service.port);
	for (unsigned i = 0; i < 500; i++)
		ask(ssl, i * 31, 1 + i * 37);
	for (unsigned i = 0; i < 500; i++)
		peer_expect(ssl, i * 31, 1 + i * 37);
	goodbye(ssl);
	SSL_CTX_free(client);
	server_stop(&s);
	EQ(s.sent, 500);
	EQ(s.last.result, 0);
}

TEST(pipelined_ring) { pipelined(TLSRING_IO_URING, TLSRING_OFFLOAD_AUTO); }
TEST(pipelined_epoll) { pipelined(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_AUTO); }
TEST_IN_FULL(pipelined_user) { pipelined(TLSRING_IO_AUTO, TLSRING_OFFLOAD_OFF); }

/* A request that comes in the same segment as the client's Finished, and one cut in two there. */
static void early(size_t cut, enum tlsring_offload offload)
{
	struct server s = { 0 };
	SSL_CTX *client = peer_ctx(false, NULL);
	BIO *inside, *outside;
	uint8_t buf[32768];
	SSL *ssl = SSL_new(client);
	int fd, len, got;

	server_start(&s, NULL, TLSRING_IO_AUTO, offload);
	fd = peer_tcp(s.service.port);
	CHECK(BIO_new_bio_pair(&inside, sizeof(buf), &outside, sizeof(buf)) == 1);
	SSL_set_bio(ssl, inside, inside);
	while (SSL_connect(ssl) != 1) {
		len = BIO_read(outside, buf, sizeof(buf));
		if (len > 0)
			EQ(write(fd, buf, (size_t)len), len);
		got = (int)read(fd, buf, sizeof(buf));
		CHECK(got > 0);
		EQ(BIO_write(outside, buf, got), got);
	}
	ask(ssl, 5, 1000);
	ask(ssl, 1005, 70000);
	len = BIO_read(outside, buf, sizeof(buf));
	CHECK(len > (int)cut);
	EQ(write(fd, buf, (size_t)len - cut), len - (int)cut);
	usleep(cut ? 100000 : 0);
	EQ(write(fd, buf + len - cut, cut), cut);
	BIO_free(outside);
	SSL_set_fd(ssl, fd);
	peer_expect(ssl, 5, 71000);
	goodbye(ssl);
	SSL_CTX_free(client);
	server_stop(&s);
	EQ(s.last.result, 0);
	EQ(s.sent, 2);
}

TEST(early_data_whole) { early(0, TLSRING_OFFLOAD_AUTO); }
TEST(early_data_cut_in_body) { early(3, TLSRING_OFFLOAD_AUTO); }
TEST(early_data_cut_in_header) { early(34, TLSRING_OFFLOAD_AUTO); }
TEST_IN_FULL(early_data_user) { early(3, TLSRING_OFFLOAD_OFF); }

TEST(server_closes_after_its_message)
{
	struct server s = { .close_after = true };
	SSL_CTX *client = peer_ctx(false, NULL);
	SSL *ssl;

	server_start(&s, NULL, TLSRING_IO_AUTO, TLSRING_OFFLOAD_AUTO);
	ssl = peer_connect(client, s.service.port);
	exchange(ssl, 0, 300000);
	peer_expect_end(ssl);
	SSL_shutdown(ssl);
	peer_free(ssl);
	SSL_CTX_free(client);
	server_stop(&s);
	EQ(s.last.result, 0);
}

/* A peer that reads slowly from a small socket buffer gets the whole answer. */
static void slow_reader(enum tlsring_io io)
{
	struct server s = { .close_after = true };
	SSL_CTX *client = peer_ctx(false, NULL);
	int size = 65536;
	SSL *ssl;

	server_start(&s, NULL, io, TLSRING_OFFLOAD_AUTO);
	setsockopt(s.service.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	for (int i = 0; i < 3; i++) {
		ssl = peer_connect(client, s.service.port);
		ask(ssl, 0, 3000000 + (uint64_t)i);
		usleep(20000);
		for (uint64_t at = 0; at < 3000000; at += 250000) {
			peer_expect(ssl, at, 250000);
			usleep(1000);
		}
		peer_expect(ssl, 3000000, (uint64_t)i);
		peer_expect_end(ssl);
		SSL_shutdown(ssl);
		peer_free(ssl);
	}
	SSL_CTX_free(client);
	server_stop(&s);
	EQ(s.last.result, 0);
}

TEST(slow_reader_ring) { slow_reader(TLSRING_IO_URING); }
TEST(slow_reader_epoll) { slow_reader(TLSRING_IO_EPOLL); }

TEST(fin_without_close_notify_is_a_truncation)
{
	struct server s = { 0 };
	SSL_CTX *client = peer_ctx(false, NULL);
	SSL *ssl;

	server_start(&s, NULL, TLSRING_IO_AUTO, TLSRING_OFFLOAD_AUTO);
	ssl = peer_connect(client, s.service.port);
	exchange(ssl, 0, 10);
	peer_free(ssl);
	peer_await(&s.closed, 1);
	SSL_CTX_free(client);
	server_stop(&s);
	EQ(s.last.result, -EPIPE);
	CHECK(s.last.opened);
}

static void strange(const char *bytes, int result, bool leave)
{
	struct server s = { 0 };
	int fd;
	char buf[512];

	server_start(&s, NULL, TLSRING_IO_AUTO, TLSRING_OFFLOAD_AUTO);
	fd = peer_tcp(s.service.port);
	EQ(write(fd, bytes, strlen(bytes)), strlen(bytes));
	if (leave)
		shutdown(fd, SHUT_WR);
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
	peer_await(&s.closed, 1);
	server_stop(&s);
	EQ(s.opened, 0);
	if (result)
		EQ(s.last.result, result);
	else
		CHECK(s.last.result < 0);
	CHECK(s.last.detail[0]);
}

TEST(garbage) { strange("\x01\x02\x03garbage that is no ClientHello at all", 0, false); }
TEST(plain_http) { strange("GET / HTTP/1.1\r\n\r\n", 0, false); }
TEST(left_in_handshake) { strange("\x16\x03\x01", -EPIPE, true); }
TEST(silent_in_handshake) { strange("\x16\x03\x01", -ETIMEDOUT, false); }

TEST(many_connections_leave_nothing_behind)
{
	struct server s = { 0 };
	SSL_CTX *client = peer_ctx(false, NULL);
	SSL *ssl[50];
	int before;

	server_start(&s, NULL, TLSRING_IO_AUTO, TLSRING_OFFLOAD_AUTO);
	before = peer_descriptors();
	for (int i = 0; i < 50; i++)
		ssl[i] = peer_connect(client, s.service.port);
	for (int round = 0; round < 20; round++)
		for (int i = 0; i < 50; i++)
			exchange(ssl[i], (uint64_t)round * 977 + (uint64_t)i,
				 1 + (uint64_t)i * 401);
	for (int i = 0; i < 50; i++)
		goodbye(ssl[i]);
	peer_await(&s.closed, 50);
	EQ(peer_descriptors(), before);
	SSL_CTX_free(client);
	server_stop(&s);
	EQ(s.opened, 50);
	EQ(s.failed, 0);
}

/* The peer changes its key, and asks for ours to change, while a long answer is on its way. */
static void key_updates(enum tlsring_io io)
{
	bool rekey = !ktls_probe()->ulp || (ktls_probe()->rekey_rx && ktls_probe()->rekey_tx);
	struct server s = { 0 };
	SSL_CTX *client = peer_ctx(false, "TLS_AES_128_GCM_SHA256");
	SSL *ssl;

	server_start(&s, "TLS_AES_128_GCM_SHA256", io, TLSRING_OFFLOAD_AUTO);
	ssl = peer_connect(client, s.service.port);
	/* A KeyUpdate before the hand-over is handled by libssl. */
	exchange(ssl, 0, 1000);
	ask(ssl, 0, STREAM);
	EQ(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED), 1);
	EQ(SSL_do_handshake(ssl), 1);
	peer_expect(ssl, 0, STREAM);
	if (rekey) {
		for (unsigned i = 0; i < 20; i++) {
			EQ(SSL_key_update(ssl, i & 1), 1);
			exchange(ssl, i * 1000, 100000);
		}
		goodbye(ssl);
	} else {
		peer_expect_end(ssl);
		peer_free(ssl);
	}
	SSL_CTX_free(client);
	server_stop(&s);
	EQ(s.last.result, rekey ? 0 : -EKEYEXPIRED);
	if (!rekey)
		EQ(s.last.reason, TLSRING_REASON_NO_REKEY);
}

TEST(key_updates_ring) { key_updates(TLSRING_IO_URING); }
TEST(key_updates_epoll) { key_updates(TLSRING_IO_EPOLL); }

/* A peer that changes its key where the kernel cannot, and reads nothing, does not keep the
 * connection. */
static void key_update_and_silence(enum tlsring_io io)
{
	bool rekey = !ktls_probe()->ulp || ktls_probe()->rekey_rx;
	struct server s = { 0 };
	SSL_CTX *client = peer_ctx(false, "TLS_AES_128_GCM_SHA256");
	int room = 4096;
	SSL *ssl;

	server_start(&s, "TLS_AES_128_GCM_SHA256", io, TLSRING_OFFLOAD_AUTO);
	ssl = peer_connect(client, s.service.port);
	if (!rekey)
		CHECK(!setsockopt(SSL_get_fd(ssl), SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)));
	exchange(ssl, 0, 1000);
	ask(ssl, 0, STREAM);
	EQ(SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
	EQ(SSL_do_handshake(ssl), 1);
	if (rekey) {
		peer_expect(ssl, 0, STREAM);
		goodbye(ssl);
	} else {
		peer_await(&s.closed, 1);
		peer_free(ssl);
	}
	SSL_CTX_free(client);
	server_stop(&s);
	EQ(s.last.result, rekey ? 0 : -EKEYEXPIRED);
}

TEST(key_update_and_silence_ring) { key_update_and_silence(TLSRING_IO_URING); }
TEST(key_update_and_silence_epoll) { key_update_and_silence(TLSRING_IO_EPOLL); }

/* 200 KeyUpdates in a row end the connection, with its reason. */
TEST(key_update_flood)
{
	bool rekey = !ktls_probe()->ulp || ktls_probe()->rekey_rx;
	struct server s = { 0 };
	SSL_CTX *client = peer_ctx(false, "TLS_AES_128_GCM_SHA256");
	SSL *ssl;

	if (!ktls_probe()->ulp)
		SKIP("libssl sets no limit in user space");
	signal(SIGPIPE, SIG_IGN);
	server_start(&s, "TLS_AES_128_GCM_SHA256", TLSRING_IO_AUTO, TLSRING_OFFLOAD_AUTO);
	ssl = peer_connect(client, s.service.port);
	exchange(ssl, 0, 1000);
	for (int i = 0; i < 200; i++)
		if (!SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) ||
		    SSL_do_handshake(ssl) != 1)
			break;
	peer_await(&s.closed, 1);
	peer_free(ssl);
	SSL_CTX_free(client);
	server_stop(&s);
	EQ(s.last.result, rekey ? TLSRING_EALERT_SENT(SSL_AD_UNEXPECTED_MESSAGE) : -EKEYEXPIRED);
}

/* A record that was changed on its way ends the connection with an alert. */
static void bad_record(enum tlsring_io io, enum tlsring_offload offload)
{
	struct server s = { 0 };
	SSL_CTX *client = peer_ctx(false, "TLS_AES_128_GCM_SHA256");
	BIO *mem = BIO_new(BIO_s_mem());
	uint8_t record[300], byte;
	int len, fd;
	SSL *ssl;

	server_start(&s, "TLS_AES_128_GCM_SHA256", io, offload);
	ssl = peer_connect(client, s.service.port);
	exchange(ssl, 0, 1000);
	fd = SSL_get_fd(ssl);
	SSL_set0_wbio(ssl, mem);
	ask(ssl, 0, 100);
	len = BIO_read(mem, record, sizeof(record));
	record[len - 1] ^= 1;
	EQ(write(fd, record, (size_t)len), len);
	CHECK(SSL_read(ssl, &byte, 1) <= 0);
	EQ(ERR_GET_REASON(ERR_peek_error()), SSL_AD_REASON_OFFSET + SSL_AD_BAD_RECORD_MAC);
	SSL_free(ssl);
	close(fd);
	SSL_CTX_free(client);
	server_stop(&s);
	EQ(s.last.result, TLSRING_EALERT_SENT(SSL_AD_BAD_RECORD_MAC));
}

TEST(bad_record_ring) { bad_record(TLSRING_IO_URING, TLSRING_OFFLOAD_AUTO); }
TEST(bad_record_epoll) { bad_record(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_AUTO); }
TEST(bad_record_user) { bad_record(TLSRING_IO_AUTO, TLSRING_OFFLOAD_OFF); }
