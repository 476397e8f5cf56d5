// SPDX-License-Identifier: MIT
/*
 * The handshake in the caller's own loop, for every cell of {blocking socket, non-blocking socket,
 * BIO pair} x {server, client} x {state set before, SSL_accept or SSL_connect called} x {TLS 1.2,
 * 1.3}: how it can end or be suspended, and after a good end the hand-over and data both ways.
 */
#include <fcntl.h>
#include <pthread.h>
#include "lib/tlsring.h"
#include "tests/lib/peer.h"

#define TRANSFER	200000	/* bytes each way */
#define LARGE		60000	/* a first flight that no small buffer holds */
#define PAIR_ROOM	4096

enum transport { BLOCKING, NON_BLOCKING, BIO_PAIR };
enum outcome { DONE, REFUSED, ALERT_SENT, ALERT_GOT, FIN, RST, WANTS_READ, WANTS_WRITE };

struct cell {
	SSL_CTX *our_ctx, *peer_ctx;
	struct tlsring_ctx *ctx;
	struct tlsring_session *session;
	SSL *ours, *peer;
	BIO *outer;			/* the half of a BIO pair that we serve */
	pthread_t thread;
	enum transport transport;
	enum outcome outcome;
	int fd, peer_fd;
	int gate[2];			/* a byte lets the peer go on */
	bool server, by_call, tls13;
	bool reset;			/* our own loop saw it */
};

/* ---- the peer: a thread on a blocking socket ---- */

static void drain(int fd)
{
	char buf[4096];

	while (read(fd, buf, sizeof(buf)) > 0)
		;
}

static void wait_for_some(int fd)
{
	char byte;

	EQ(read(fd, &byte, 1), 1);
}

/* A client's first flight; what follows is the caller's. */
static void say_hello(SSL *ssl, int fd)
{
	fcntl(fd, F_SETFL, O_NONBLOCK);
	EQ(SSL_get_error(ssl, SSL_do_handshake(ssl)), SSL_ERROR_WANT_READ);
	fcntl(fd, F_SETFL, 0);
}

static void finish_well(SSL *ssl)
{
	uint8_t buf[16384];

	if (SSL_do_handshake(ssl) != 1)
		FAIL("the peer: %s", ERR_error_string(ERR_peek_error(), NULL));
	peer_expect(ssl, 0, TRANSFER);
	for (size_t at = 0; at < TRANSFER; at += sizeof(buf)) {
		size_t len = TRANSFER - at < sizeof(buf) ? TRANSFER - at : sizeof(buf);

		peer_fill(buf, len, at);
		EQ(SSL_write(ssl, buf, (int)len), len);
	}
	SSL_shutdown(ssl);
	peer_expect_end(ssl);
}

static void reset(int fd)
{
	struct linger now = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

/* The peer ends it after the first flights. */
static bool cell_cut_short(const struct cell *cell)
{
	return cell->outcome == REFUSED || cell->outcome == FIN || cell->outcome == RST;
}

static void *peer(void *arg)
{
	static const uint8_t close_notify[] = { 21, 3, 3, 0, 2, 1, 0 };
	struct cell *cell = arg;
	SSL *ssl = cell->peer;

	if (cell_cut_short(cell))
		wait_for_some(cell->peer_fd);
	switch (cell->outcome) {
	case WANTS_READ:
	case WANTS_WRITE:
		wait_for_some(cell->gate[0]);
		/* fall through */
	case DONE:
		finish_well(ssl);
		break;
	case REFUSED:
		EQ(write(cell->peer_fd, close_notify, sizeof(close_notify)), sizeof(close_notify));
		break;
	case ALERT_SENT:
	case ALERT_GOT:
		CHECK(SSL_do_handshake(ssl) != 1 || cell->outcome == ALERT_SENT);
		break;
	case FIN:
	case RST:
		break;
	}
	if (cell->outcome == RST) {
		reset(cell->peer_fd);
	} else {
		shutdown(cell->peer_fd, SHUT_WR);
		drain(cell->peer_fd);
		close(cell->peer_fd);
	}
	return NULL;
}

/* ---- our side ---- */

static int no_protocol(SSL *ssl, const uint8_t **out, uint8_t *out_len, const uint8_t *in, unsigned in_len,
		       void *arg)
{
	(void)ssl, (void)out, (void)out_len, (void)in, (void)in_len, (void)arg;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Servers refuse by ALPN, clients by the certificate. */
static void refuse(SSL_CTX *ctx, bool server)
{
	if (server)
		SSL_CTX_set_alpn_select_cb(ctx, no_protocol, NULL);
	else
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
}

static void make_large(SSL_CTX *ctx, bool server)
{
	static uint8_t protocols[LARGE];

	if (!server) {
		for (size_t i = 0; i < sizeof(protocols); i += 200)
			protocols[i] = 199;
		EQ(SSL_CTX_set_alpn_protos(ctx, protocols, sizeof(protocols)), 0);
		return;
	}
	for (int len = 0; len < LARGE; len += i2d_X509(SSL_CTX_get0_certificate(ctx), NULL))
		EQ(SSL_CTX_add1_chain_cert(ctx, SSL_CTX_get0_certificate(ctx)), 1);
}

static void cell_contexts(struct cell *cell)
{
	const char *suite = cell->tls13 ? "TLS_AES_128_GCM_SHA256" : "ECDHE-ECDSA-AES128-GCM-SHA256";

	cell->our_ctx = peer_ctx(cell->server, suite);
	cell->peer_ctx = peer_ctx(!cell->server, suite);
	SSL_CTX_set_alpn_protos(cell->server ? cell->peer_ctx : cell->our_ctx, (const uint8_t *)"\1x", 2);
	if (cell->outcome == ALERT_SENT)
		refuse(cell->our_ctx, cell->server);
	if (cell->outcome == ALERT_GOT)
		refuse(cell->peer_ctx, !cell->server);
	if (cell->outcome == WANTS_WRITE)
		make_large(cell->our_ctx, cell->server);
	EQ(tlsring_ctx_new(&cell->ctx, cell->our_ctx, NULL), 0);
}

/* The buffers are set before TCP's handshake, which tells their size. */
static void cell_sockets(struct cell *cell)
{
	int small = 8192, one = 1;
	uint16_t port;
	int listener = peer_listen(&port);

	if (cell->outcome == WANTS_WRITE) {
		setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
		setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	}
	/* What connects has a window of its own: it must not be the one that takes everything. */
	cell->fd = peer_tcp(port);
	cell->peer_fd = accept(listener, NULL, NULL);
	CHECK(cell->peer_fd >= 0);
	close(listener);
	setsockopt(cell->peer_fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (cell->outcome == WANTS_WRITE)
		setsockopt(cell->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	if (cell->transport != BLOCKING)
		fcntl(cell->fd, F_SETFL, O_NONBLOCK);
	CHECK(!pipe(cell->gate));
}

static void cell_open(struct cell *cell)
{
	BIO *inner;

	cell_contexts(cell);
	cell_sockets(cell);
	cell->ours = SSL_new(cell->our_ctx);
	EQ(tlsring_watch(cell->ours), 0);
	if (cell->transport == BIO_PAIR) {
		EQ(BIO_new_bio_pair(&inner, PAIR_ROOM, &cell->outer, PAIR_ROOM), 1);
		SSL_set_bio(cell->ours, inner, inner);
	} else {
		SSL_set_fd(cell->ours, cell->fd);
	}
	EQ(tlsring_handshake(cell->ours), -EINVAL);	/* neither client nor server yet */
	if (!cell->by_call)
		cell->server ? SSL_set_accept_state(cell->ours) : SSL_set_connect_state(cell->ours);
	cell->peer = SSL_new(cell->peer_ctx);
	SSL_set_fd(cell->peer, cell->peer_fd);
	cell->server ? SSL_set_connect_state(cell->peer) : SSL_set_accept_state(cell->peer);
	if (cell->server && (cell_cut_short(cell) || cell->outcome == WANTS_WRITE))
		say_hello(cell->peer, cell->peer_fd);
	CHECK(!pthread_create(&cell->thread, NULL, peer, cell));
}

static void cell_close(struct cell *cell)
{
	pthread_join(cell->thread, NULL);
	SSL_free(cell->peer);
	if (cell->session)
		tlsring_session_free(cell->session);
	else
		SSL_free(cell->ours);
	BIO_free(cell->outer);
	tlsring_ctx_free(cell->ctx);
	SSL_CTX_free(cell->our_ctx);
	SSL_CTX_free(cell->peer_ctx);
	close(cell->gate[0]);
	close(cell->gate[1]);
}

/* From the pair to the socket, all of it. */
static bool pump_out(struct cell *cell)
{
	char buf[PAIR_ROOM];
	int len = BIO_read(cell->outer, buf, sizeof(buf));
	bool moved = len > 0;

	for (int at = 0; at < len;) {
		ssize_t put = send(cell->fd, buf + at, (size_t)(len - at), MSG_NOSIGNAL);

		if (put < 0 && errno == EAGAIN) {
			peer_wait(cell->fd, POLLOUT);
			continue;
		}
		cell->reset |= put < 0;
		at += put < 0 ? len : (int)put;
	}
	return moved;
}

static void pump_in(struct cell *cell)
{
	char buf[PAIR_ROOM];
	size_t room = BIO_ctrl_get_write_guarantee(cell->outer);
	ssize_t got;

	if (!room)
		return;
	peer_wait(cell->fd, POLLIN);
	got = read(cell->fd, buf, room < sizeof(buf) ? room : sizeof(buf));
	cell->reset |= got < 0;
	if (got <= 0)
		BIO_shutdown_wr(cell->outer);
	else
		EQ(BIO_write(cell->outer, buf, (int)got), got);
}

static void serve_transport(struct cell *cell, int want)
{
	if (cell->transport == NON_BLOCKING)
		peer_wait(cell->fd, want == TLSRING_WANT_READ ? POLLIN : POLLOUT);
	else if (!pump_out(cell) && want == TLSRING_WANT_READ)
		pump_in(cell);
}

static int call(struct cell *cell, bool first)
{
	if (!first || !cell->by_call)
		return tlsring_handshake(cell->ours);
	ERR_clear_error();
	return tlsring_handshake_result(cell->ours, cell->server ? SSL_accept(cell->ours) : SSL_connect(cell->ours));
}

/* Its result; the peer is let on when the handshake was seen to want what it is to want. */
static int shake(struct cell *cell)
{
	int held = cell->outcome == WANTS_READ ? TLSRING_WANT_READ :
		   cell->outcome == WANTS_WRITE ? TLSRING_WANT_WRITE : 0;
	bool first = true;
	int ret;

	while ((ret = call(cell, first)) > 0) {
		CHECK(ret != TLSRING_WANT_CALLBACK && cell->transport != BLOCKING);
		if (ret == held) {
			EQ(write(cell->gate[1], "", 1), 1);
			held = 0;
		}
		serve_transport(cell, ret);
		first = false;
	}
	EQ(held, 0);
	while (cell->outer && pump_out(cell))
		;
	return ret;
}

static void hand_over(struct cell *cell)
{
	struct tlsring_info info = { .size = sizeof(info) };
	enum tlsring_path path = ktls_probe()->ulp ? TLSRING_PATH_KERNEL : TLSRING_PATH_USER;
	int ret;

	EQ(tlsring_session_new(&cell->session, cell->ctx, cell->ours, cell->fd), 0);
	while ((ret = tlsring_session_handover(cell->session)) == -EAGAIN || ret == -EBUSY) {
		if (ret == -EBUSY)
			CHECK(cell->outer && pump_out(cell));
		else
			peer_wait(cell->fd, POLLIN);
	}
	EQ(ret, 0);
	EQ(tlsring_session_info(cell->session, &info), 0);
	EQ(info.tx.path, path);
	EQ(info.rx.path, path);
}

static void send_all(struct cell *cell)
{
	uint8_t buf[16384];

	for (size_t at = 0; at < TRANSFER;) {
		size_t len = TRANSFER - at < sizeof(buf) ? TRANSFER - at : sizeof(buf);
		ssize_t put;

		peer_fill(buf, len, at);
		put = tlsring_session_send(cell->session, buf, len);
		if (put == -EAGAIN) {
			peer_wait(cell->fd, POLLOUT);
			continue;
		}
		CHECK(put > 0);
		at += (size_t)put;
	}
}

static void receive_all(struct cell *cell)
{
	uint8_t buf[16384];
	size_t at = 0;
	ssize_t got;

	while ((got = tlsring_session_recv(cell->session, buf, sizeof(buf)))) {
		if (got == -EAGAIN) {
			peer_wait(cell->fd, POLLIN);
			continue;
		}
		CHECK(got > 0);
		for (ssize_t i = 0; i < got; i++)
			CHECK(buf[i] == peer_byte(at + (size_t)i));
		at += (size_t)got;
	}
	EQ(at, TRANSFER);
}

static int expected(const struct cell *cell)
{
	int alert = cell->server == (cell->outcome == ALERT_SENT) ? SSL_AD_NO_APPLICATION_PROTOCOL : SSL_AD_UNKNOWN_CA;

	switch (cell->outcome) {
	case REFUSED:
		return TLSRING_EREFUSED;
	case ALERT_SENT:
		return TLSRING_EALERT_SENT(alert);
	case ALERT_GOT:
		return TLSRING_EALERT_RECEIVED(alert);
	case FIN:
		return -EPIPE;
	case RST:
		return cell->transport == BIO_PAIR ? -EPIPE : -ECONNRESET;
	default:
		return 0;
	}
}

static void run(struct cell cell)
{
	int ret;

	printf("# %s %s, TLS 1.%d\n", cell.by_call ? "SSL_accept/connect by the" : "set before,",
	       cell.server ? "server" : "client", cell.tls13 ? 3 : 2);
	cell_open(&cell);
	ret = shake(&cell);
	EQ(ret, expected(&cell));
	if (ret) {
		EQ(cell.reset, cell.outcome == RST && cell.transport == BIO_PAIR);
		CHECK(cell.outcome == REFUSED || tlsring_handshake(cell.ours) < 0);
		EQ(tlsring_session_new(&cell.session, cell.ctx, cell.ours, cell.fd), -ENOTCONN);
	} else {
		hand_over(&cell);
		send_all(&cell);
		while ((ret = tlsring_session_close(cell.session)) == -EAGAIN)
			peer_wait(cell.fd, POLLOUT);
		EQ(ret, 0);
		receive_all(&cell);
	}
	close(cell.fd);
	cell_close(&cell);
}

static void cells(enum transport transport, enum outcome outcome)
{
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < 8; i++)
		run((struct cell){ .transport = transport, .outcome = outcome,
				   .server = i & 1, .by_call = i & 2, .tls13 = i & 4 });
}

#define CELLS(name, transport)						\
	TEST(name##_done) { cells(transport, DONE); }			\
	TEST(name##_refused) { cells(transport, REFUSED); }		\
	TEST(name##_alert_sent) { cells(transport, ALERT_SENT); }	\
	TEST(name##_alert_received) { cells(transport, ALERT_GOT); }	\
	TEST(name##_fin) { cells(transport, FIN); }			\
	TEST(name##_reset) { cells(transport, RST); }

CELLS(blocking, BLOCKING)
CELLS(non_blocking, NON_BLOCKING)
CELLS(bio_pair, BIO_PAIR)
TEST(non_blocking_wants_read) { cells(NON_BLOCKING, WANTS_READ); }
TEST(non_blocking_wants_write) { cells(NON_BLOCKING, WANTS_WRITE); }
TEST(bio_pair_wants_read) { cells(BIO_PAIR, WANTS_READ); }
TEST(bio_pair_wants_write) { cells(BIO_PAIR, WANTS_WRITE); }
