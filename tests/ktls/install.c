// SPDX-License-Identifier: MIT
/* A kernel end against libssl in user space, in both roles and with each cipher. */
#include <fcntl.h>
#include <pthread.h>
#include "ktls/control.h"
#include "ktls/install.h"
#include "ktls/schedule.h"
#include "ktls/status.h"
#include "tests/ktls/pair.h"
#include "tests/lib/peer.h"

#define TLS12		"ECDHE-ECDSA-AES128-GCM-SHA256"
#define TLS13		"TLS_AES_128_GCM_SHA256"
#define MANY_BYTES	(1 << 20)

/* A connection: the kernel seals on fd, peer is the other end. */
struct line {
	int fd;
	SSL *peer;
	struct ktls_session *session;
	struct pair pair;
	SSL_CTX *server_ctx, *client_ctx;
};

static void set_blocking(int fd, bool blocking)
{
	int flags = fcntl(fd, F_GETFL);

	CHECK(!fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK));
}

static void need(const char *suite)
{
	if (!ktls_probe()->ulp)
		SKIP("this kernel has no kernel TLS: %s",
		     tlsring_reason_text(ktls_probe()->why_not));
	if (!peer_kernel_takes(suite))
		SKIP("this kernel lacks %s", suite);
}

/* A connection after its handshake, before anything is installed. */
static struct line line_new(const char *suite, bool server)
{
	struct line line = { .server_ctx = pair_server_ctx(suite),
			     .client_ctx = pair_client_ctx(suite) };
	uint16_t port;
	int listener = peer_listen(&port), fds[2];

	CHECK(line.server_ctx && line.client_ctx);
	fds[0] = peer_tcp(port);
	fds[1] = accept(listener, NULL, NULL);
	CHECK(fds[1] >= 0);
	close(listener);
	line.pair = pair_make(line.client_ctx, line.server_ctx);
	SSL_set_fd(line.pair.client, fds[0]);
	SSL_set_fd(line.pair.server, fds[1]);
	set_blocking(fds[0], false);
	set_blocking(fds[1], false);
	pair_shake(&line.pair);
	set_blocking(fds[0], true);
	set_blocking(fds[1], true);
	line.fd = fds[server];
	line.peer = server ? line.pair.client : line.pair.server;
	return line;
}

static SSL *line_own(struct line *line)
{
	return line->peer == line->pair.client ? line->pair.server : line->pair.client;
}

static void line_export(struct line *line)
{
	enum tlsring_reason why = TLSRING_REASON_NONE;

	if (ktls_export(line_own(line), NULL, &line->session, &why) ||
	    ktls_install_ulp(line->fd, &why))
		FAIL("%s", tlsring_reason_text(why));
}

static void line_install(struct line *line, enum ktls_direction dir)
{
	enum tlsring_reason why = TLSRING_REASON_NONE;
	int ret = ktls_install(line->fd, line->session, dir, &why, NULL);

	if (ret)
		FAIL("%s: %d, %s", dir == KTLS_TX ? "TX" : "RX", ret, tlsring_reason_text(why));
}

static void line_hand_over(struct line *line)
{
	line_export(line);
	line_install(line, KTLS_RX);
	line_install(line, KTLS_TX);
}

static void line_free(struct line *line)
{
	int fds[2] = { SSL_get_fd(line->pair.client), SSL_get_fd(line->pair.server) };

	ktls_session_free(line->session);
	pair_free(&line->pair);
	SSL_CTX_free(line->server_ctx);
	SSL_CTX_free(line->client_ctx);
	close(fds[0]);
	close(fds[1]);
}

/* ---- data ---- */

static void kernel_send(int fd, uint64_t position, size_t len)
{
	uint8_t buf[20000];

	while (len) {
		size_t step = len < sizeof(buf) ? len : sizeof(buf);
		ssize_t sent;

		peer_fill(buf, step, position);
		sent = send(fd, buf, step, MSG_NOSIGNAL);
		CHECK(sent > 0);
		position += (size_t)sent;
		len -= (size_t)sent;
	}
}

/* Receive data, and skip tickets. Returns 0 at the end. */
static long kernel_data(int fd, uint8_t *buf, size_t len)
{
	int type, flags;
	long got;

	do
		got = ktls_control_recv(fd, buf, len, &type, &flags);
	while (got > 0 && type == KTLS_RECORD_HANDSHAKE);
	if (got > 0)
		EQ(type, KTLS_RECORD_APPLICATION);
	return got;
}

static void kernel_expect(int fd, uint64_t position, size_t len)
{
	uint8_t buf[20000], want[20000];

	while (len) {
		long got = kernel_data(fd, buf, len < sizeof(buf) ? len : sizeof(buf));

		if (got <= 0)
			FAIL("%zu bytes are missing: %ld", len, got);
		peer_fill(want, (size_t)got, position);
		EQ_MEM(buf, want, (size_t)got);
		position += (uint64_t)got;
		len -= (size_t)got;
	}
}

static void peer_send(SSL *ssl, uint64_t position, size_t len)
{
	uint8_t buf[16384];

	while (len) {
		size_t step = len < sizeof(buf) ? len : sizeof(buf);

		peer_fill(buf, step, position);
		EQ(SSL_write(ssl, buf, (int)step), step);
		position += step;
		len -= step;
	}
}

static void *mirror(void *arg)
{
	SSL *ssl = arg;

	peer_expect(ssl, 0, MANY_BYTES);
	peer_send(ssl, 5, MANY_BYTES);
	return NULL;
}

/* Send a MiB each way, and compare each byte. */
static void exchange(struct line *line)
{
	pthread_t thread;

	CHECK(!pthread_create(&thread, NULL, mirror, line->peer));
	kernel_send(line->fd, 0, MANY_BYTES);
	kernel_expect(line->fd, 5, MANY_BYTES);
	CHECK(!pthread_join(thread, NULL));
}

/* Close both ways by close_notify. */
static void close_cleanly(struct line *line)
{
	uint8_t buf[16];
	int type, flags;

	EQ(ktls_control_send(line->fd, KTLS_RECORD_ALERT, (const uint8_t[]){ 1, 0 }, 2, 0), 2);
	EQ(SSL_read(line->peer, buf, sizeof(buf)), 0);
	EQ(SSL_get_error(line->peer, 0), SSL_ERROR_ZERO_RETURN);
	EQ(SSL_shutdown(line->peer), 1);
	EQ(ktls_control_recv(line->fd, buf, sizeof(buf), &type, &flags), 2);
	EQ(type, KTLS_RECORD_ALERT);
	EQ(buf[0], KTLS_ALERT_WARNING);
	EQ(buf[1], KTLS_ALERT_CLOSE_NOTIFY);
	CHECK(flags & MSG_EOR);
}

static void expect_software(const struct line *line)
{
	struct ktls_status status;

	EQ(ktls_status_read(line->fd, &status), 0);
	EQ(status.tx, KTLS_PATH_SOFTWARE);
	EQ(status.rx, KTLS_PATH_SOFTWARE);
	EQ(status.version, line->session->version);
	EQ(status.kernel_cipher, line->session->cipher->kernel_id);
	EQ(ktls_status_read(SSL_get_fd(line->peer), &status), -ENOENT);
}

static void whole_life(const char *suite, bool server)
{
	struct ktls_counters before = peer_counters(), after;
	struct line line = line_new(suite, server);

	line_hand_over(&line);
	expect_software(&line);
	after = peer_counters();
	EQ(after.tx_sw, before.tx_sw + 1);
	EQ(after.rx_sw, before.rx_sw + 1);
	exchange(&line);
	close_cleanly(&line);
	EQ(peer_counters().decrypt_error, before.decrypt_error);
	line_free(&line);
}

/* For each kernel cipher, the first suite that OpenSSL has. */
static bool worth_a_run(unsigned row)
{
	const struct ktls_cipher *cipher = ktls_cipher_at(row);
	SSL_CTX *ctx;

	for (unsigned i = 0; i < row; i++)
		if (ktls_cipher_at(i)->kernel_id == cipher->kernel_id &&
		    ktls_cipher_at(i)->version == cipher->version)
			return false;
	if (!peer_kernel_takes(cipher->name))
		return false;
	ctx = pair_client_ctx(cipher->name);
	SSL_CTX_free(ctx);
	return ctx;
}

TEST(every_cipher_both_roles)
{
	int run = 0;

	need(TLS13);
	for (unsigned row = 0; ktls_cipher_at(row); row++) {
		if (!worth_a_run(row))
			continue;
		printf("# %s\n", ktls_cipher_at(row)->name);
		whole_life(ktls_cipher_at(row)->name, true);
		whole_life(ktls_cipher_at(row)->name, false);
		run++;
	}
	CHECK(run >= 4);
}

/* Records that user space exchanged count for the sequence numbers. */
TEST(after_user_space)
{
	static const char *const suites[] = { TLS12, TLS13 };

	need(TLS13);
	need(TLS12);
	for (int i = 0; i < 4; i++) {
		struct line line = line_new(suites[i & 1], i & 2);

		for (int turn = 0; turn < 3; turn++) {
			peer_send(line_own(&line), 0, 1000);
			peer_expect(line.peer, 0, 1000);
			peer_send(line.peer, 0, 50000);
			peer_expect(line_own(&line), 0, 50000);
		}
		line_hand_over(&line);
		exchange(&line);
		close_cleanly(&line);
		line_free(&line);
	}
}

TEST(sending_only)
{
	static const char *const suites[] = { TLS12, TLS13 };

	need(TLS13);
	need(TLS12);
	for (int i = 0; i < 2; i++) {
		struct line line = line_new(suites[i], true);
		struct ktls_status status;

		line_export(&line);
		line_install(&line, KTLS_TX);
		EQ(ktls_status_read(line.fd, &status), 0);
		EQ(status.tx, KTLS_PATH_SOFTWARE);
		EQ(status.rx, KTLS_PATH_NONE);
		kernel_send(line.fd, 3, 50000);
		peer_expect(line.peer, 3, 50000);
		peer_send(line.peer, 4, 50000);
		peer_expect(line_own(&line), 4, 50000);
		line_free(&line);
	}
}

TEST(receiving_only)
{
	static const char *const suites[] = { TLS12, TLS13 };

	need(TLS13);
	need(TLS12);
	for (int i = 0; i < 2; i++) {
		struct line line = line_new(suites[i], false);
		struct ktls_status status;

		line_export(&line);
		line_install(&line, KTLS_RX);
		EQ(ktls_status_read(line.fd, &status), 0);
		EQ(status.tx, KTLS_PATH_NONE);
		EQ(status.rx, KTLS_PATH_SOFTWARE);
		peer_send(line.peer, 4, 50000);
		kernel_expect(line.fd, 4, 50000);
		peer_send(line_own(&line), 3, 50000);
		peer_expect(line.peer, 3, 50000);
		line_free(&line);
	}
}

TEST(fatal_alert_arrives)
{
	struct line line;
	uint8_t buf[16];
	int got;

	need(TLS13);
	line = line_new(TLS13, true);
	line_hand_over(&line);
	EQ(ktls_control_send(line.fd, KTLS_RECORD_ALERT, (const uint8_t[]){ 2, 80 }, 2, 0), 2);
	got = SSL_read(line.peer, buf, sizeof(buf));
	CHECK(got <= 0);
	EQ(SSL_get_error(line.peer, got), SSL_ERROR_SSL);
	EQ(ERR_GET_REASON(ERR_peek_error()), SSL_R_TLSV1_ALERT_INTERNAL_ERROR);
	line_free(&line);
}

/* The peer's socket sends a raw record. The kernel must answer with this error, and give no
 * data. */
static void bad_record(const char *suite, const uint8_t header[5], size_t body, int error,
		       const char *alert)
{
	struct line line = line_new(suite, true);
	uint8_t record[40000] = { 0 };
	uint8_t buf[100];
	long again;

	line_hand_over(&line);
	memcpy(record, header, 5);
	EQ(send(SSL_get_fd(line.peer), record, 5 + body, 0), 5 + body);
	EQ(kernel_data(line.fd, buf, sizeof(buf)), -error);
	peer_send(line.peer, 0, 10);
	set_blocking(line.fd, false);
	again = kernel_data(line.fd, buf, sizeof(buf));
	printf("# %s, then %s\n", strerror(error), again < 0 ? strerror((int)-again) : "data");
	CHECK(again < 0);
	EQ_STR(ktls_alert_name(ktls_alert_for_errno(error)), alert);
	line_free(&line);
}

TEST(bad_records)
{
	static const char *const suites[] = { TLS12, TLS13 };

	need(TLS13);
	need(TLS12);
	for (int i = 0; i < 2; i++) {
		bad_record(suites[i], (const uint8_t[]){ 23, 3, 3, 0, 64 }, 64, EBADMSG,
			   "bad_record_mac");
		bad_record(suites[i], (const uint8_t[]){ 23, 3, 3, 0x7f, 0xff }, 0x7fff, EMSGSIZE,
			   "record_overflow");
		bad_record(suites[i], (const uint8_t[]){ 23, 3, 1, 0, 64 }, 64, EINVAL,
			   "protocol_version");
	}
}

TEST(truncation_is_not_a_clean_end)
{
	struct line line;
	uint8_t buf[100];

	need(TLS13);
	line = line_new(TLS13, true);
	line_hand_over(&line);
	peer_send(line.peer, 0, 10);
	shutdown(SSL_get_fd(line.peer), SHUT_WR);
	kernel_expect(line.fd, 0, 10);
	EQ(kernel_data(line.fd, buf, sizeof(buf)), 0);	/* no alert arrived before it */
	line_free(&line);
}

/* ---- changed keys ---- */

static void rekey_tx(struct line *line)
{
	EQ(ktls_control_send(line->fd, KTLS_RECORD_HANDSHAKE, (const uint8_t[]){ 24, 0, 0, 1, 0 },
			     5, 0),
	   5);
	EQ(ktls_schedule_next(line->session, KTLS_TX), 0);
	line_install(line, KTLS_TX);
	kernel_send(line->fd, 9, 40000);
	peer_expect(line->peer, 9, 40000);
}

static void rekey_rx(struct line *line)
{
	uint8_t buf[100];
	int type, flags;

	CHECK(SSL_key_update(line->peer, SSL_KEY_UPDATE_NOT_REQUESTED));
	EQ(SSL_do_handshake(line->peer), 1);
	EQ(ktls_control_recv(line->fd, buf, sizeof(buf), &type, &flags), 5);
	EQ(type, KTLS_RECORD_HANDSHAKE);
	EQ(ktls_schedule_next(line->session, KTLS_RX), 0);
	line_install(line, KTLS_RX);
	peer_send(line->peer, 9, 40000);
	kernel_expect(line->fd, 9, 40000);
}

TEST(second_key)
{
	enum tlsring_reason why;
	struct line line;

	need(TLS13);
	line = line_new(TLS13, true);
	line_hand_over(&line);
	if (ktls_probe()->rekey_tx && ktls_probe()->rekey_rx) {
		for (int i = 0; i < 3; i++) {
			rekey_tx(&line);
			rekey_rx(&line);
		}
		exchange(&line);
	} else {
		for (int dir = 0; dir < 2; dir++) {
			EQ(ktls_install(line.fd, line.session, dir, &why, NULL), -EBUSY);
			EQ(why, TLSRING_REASON_NO_REKEY);
		}
		exchange(&line);	/* under the first key still */
	}
	line_free(&line);
}

/* ---- status ---- */

TEST(status_of_other_sockets)
{
	struct ktls_status status;
	uint16_t port;
	int listener = peer_listen(&port), fd = peer_tcp(port);

	EQ(ktls_status_read(fd, &status), -ENOENT);
	CHECK(ktls_status_read(-1, &status) == -EBADF);
	close(fd);
	close(listener);
}

/* Older kernels tell only processes with CAP_NET_ADMIN. */
TEST(status_without_privilege)
{
	struct ktls_status status;
	struct line line;
	int ret;

	need(TLS13);
	line = line_new(TLS13, true);
	line_hand_over(&line);
	if (geteuid() == 0)
		CHECK(!setresuid(65534, 65534, 65534));
	ret = ktls_status_read(line.fd, &status);
	printf("# %s\n", ret ? strerror(-ret) : "told");
	CHECK(ret == 0 || ret == -EPERM);
	if (!ret)
		EQ(status.tx, KTLS_PATH_SOFTWARE);
	line_free(&line);
}

static int listen6(uint16_t *port)
{
	struct sockaddr_in6 addr = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP);

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		SKIP("this kernel has no IPv6 loopback");
	CHECK(!listen(fd, 1) && !getsockname(fd, (struct sockaddr *)&addr, &len));
	*port = addr.sin6_port;
	return fd;
}

TEST(status_over_ipv6)
{
	struct sockaddr_in6 addr = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct ktls_status status;
	enum tlsring_reason why;
	int listener, fd;

	need(TLS13);
	listener = listen6(&addr.sin6_port);
	fd = socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP);
	CHECK(!connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	EQ(ktls_install_ulp(fd, &why), 0);
	EQ(ktls_status_read(fd, &status), 0);
	EQ(status.tx, KTLS_PATH_NONE);
	EQ(status.rx, KTLS_PATH_NONE);
	close(fd);
	close(listener);
}
