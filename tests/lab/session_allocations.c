// SPDX-License-Identifier: MIT
/* The session API when memory runs out: at any point of a connection. */
#include <fcntl.h>
#include "tests/lab/allocation.h"
#include "lib/tlsring.h"
#include "tests/lib/peer.h"

#define LENGTH	50000

struct life {
	SSL_CTX *ssl_ctx[2];		/* ours, the peer's */
	struct tlsring_ctx *ctx;
	SSL *ssl[2];
	struct tlsring_session *session;
	int fd[2];
	bool server;
};

/* Whatever fails has its reason in the allocation. */
static bool went(bool well)
{
	CHECK(well || allocation_failed());
	return well;
}

static bool prepare(struct life *l, const char *suite)
{
	struct tlsring_ctx_options options = { .size = sizeof(options) };
	int flags;

	l->ssl_ctx[0] = peer_ctx(l->server, suite);
	l->ssl_ctx[1] = peer_ctx(!l->server, suite);
	peer_sockets(&l->fd[0], &l->fd[1]);
	for (int i = 0; i < 2; i++) {
		flags = fcntl(l->fd[i], F_GETFL);
		fcntl(l->fd[i], F_SETFL, flags | O_NONBLOCK);
	}
	allocation_arm(getpid());
	if (!went(!tlsring_ctx_new(&l->ctx, l->ssl_ctx[0], &options)))
		return false;
	for (int i = 0; i < 2; i++) {
		l->ssl[i] = SSL_new(l->ssl_ctx[i]);
		if (!went(l->ssl[i] && SSL_set_fd(l->ssl[i], l->fd[i])))
			return false;
	}
	if (!went(!tlsring_watch(l->ssl[0])))
		return false;
	l->server ? SSL_set_accept_state(l->ssl[0]) : SSL_set_connect_state(l->ssl[0]);
	l->server ? SSL_set_connect_state(l->ssl[1]) : SSL_set_accept_state(l->ssl[1]);
	return true;
}

static bool shake(struct life *l)
{
	for (int i = 0; i < 100; i++) {
		int ours = tlsring_handshake(l->ssl[0]), peer;

		if (!went(ours >= 0))
			return false;
		peer = SSL_do_handshake(l->ssl[1]);
		if (peer != 1 && !went(SSL_get_error(l->ssl[1], peer) == SSL_ERROR_WANT_READ))
			return false;
		if (!ours && peer == 1)
			return true;
		poll(NULL, 0, 1);
	}
	FAIL("the handshake does not end");
}

/* Says what came, which must be what was sent. */
static bool peer_receives(struct life *l, size_t *have)
{
	uint8_t buf[16384], want[16384];
	int got = SSL_read(l->ssl[1], buf, sizeof(buf));

	if (got <= 0)
		return went(SSL_get_error(l->ssl[1], got) == SSL_ERROR_WANT_READ);
	peer_fill(want, (size_t)got, *have);
	EQ_MEM(buf, want, (size_t)got);
	*have += (size_t)got;
	return true;
}

static bool to_peer(struct life *l)
{
	static uint8_t data[LENGTH];
	size_t sent = 0, have = 0;

	peer_fill(data, LENGTH, 0);
	for (int i = 0; have < LENGTH; i++) {
		ssize_t ret = 0;

		if (sent < LENGTH)
			ret = tlsring_session_send(l->session, data + sent, LENGTH - sent);
		CHECK(i < 5000);
		poll(NULL, 0, i > 50);
		if (!went(ret >= 0 || ret == -EAGAIN))
			return false;
		sent += ret > 0 ? (size_t)ret : 0;
		if (!peer_receives(l, &have))
			return false;
	}
	return true;
}

static bool to_us(struct life *l)
{
	static uint8_t data[LENGTH];
	uint8_t buf[9000];
	size_t sent = 0, have = 0;

	peer_fill(data, LENGTH, 0);
	for (int i = 0; have < LENGTH; i++) {
		ssize_t ret;
		int len = 1;

		if (sent < LENGTH)
			len = SSL_write(l->ssl[1], data + sent, (int)(LENGTH - sent));
		CHECK(i < 5000);
		poll(NULL, 0, i > 50);
		if (sent < LENGTH && len > 0)
			sent += (size_t)len;
		else if (len <= 0 && !went(SSL_get_error(l->ssl[1], len) == SSL_ERROR_WANT_WRITE))
			return false;
		ret = tlsring_session_recv(l->session, buf, sizeof(buf));
		if (!went(ret > 0 || ret == -EAGAIN))
			return false;
		if (ret > 0)
			EQ_MEM(buf, data + have, (size_t)ret);
		have += ret > 0 ? (size_t)ret : 0;
	}
	return true;
}

static bool hand_over(struct life *l)
{
	struct tlsring_info info = { .size = sizeof(info) };
	int ret;

	for (int i = 0; i < 100 && (ret = tlsring_session_handover(l->session)) == -EAGAIN; i++)
		poll(NULL, 0, 1);
	return went(!ret) && went(!tlsring_session_info(l->session, &info));
}

static bool update(struct life *l)
{
	int ret = tlsring_session_update(l->session, true);

	return ret == -EOPNOTSUPP || went(!ret);
}

static bool life(struct life *l, const char *suite)
{
	bool tls13 = !strncmp(suite, "TLS_", 4);

	if (!prepare(l, suite) || !shake(l))
		return false;
	if (!went(!tlsring_session_new(&l->session, l->ctx, l->ssl[0], l->fd[0])))
		return false;
	l->ssl[0] = NULL;
	return to_us(l) && hand_over(l) && to_peer(l) && (!tls13 || update(l)) && to_us(l) &&
	       to_peer(l) && went(!tlsring_session_close(l->session));
}

static void live(bool server, const char *suite)
{
	struct life l = { .server = server };

	signal(SIGPIPE, SIG_IGN);
	life(&l, suite);
	tlsring_session_free(l.session);
	for (int i = 0; i < 2; i++) {
		SSL_free(l.ssl[i]);
		close(l.fd[i]);
		SSL_CTX_free(l.ssl_ctx[i]);
	}
	tlsring_ctx_free(l.ctx);
}

static void tls13_server(void) { live(true, "TLS_AES_128_GCM_SHA256"); }
static void tls13_client(void) { live(false, "TLS_AES_128_GCM_SHA256"); }
static void tls12_server(void) { live(true, "ECDHE-ECDSA-AES128-GCM-SHA256"); }
static void tls12_client(void) { live(false, "ECDHE-ECDSA-AES128-GCM-SHA256"); }

ALLOCATION_TEST(tls13_server) { allocation_each(tls13_server, 100); }
ALLOCATION_TEST(tls13_client) { allocation_each(tls13_client, 100); }
ALLOCATION_TEST(tls12_server) { allocation_each(tls12_server, 100); }
ALLOCATION_TEST(tls12_client) { allocation_each(tls12_client, 100); }
