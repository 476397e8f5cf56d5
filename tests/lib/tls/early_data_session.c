// SPDX-License-Identifier: MIT
/* Early data (0-RTT) in the caller's own loop: done with libssl before the handshake. */
#include <fcntl.h>
#include <pthread.h>
#include "lib/tlsring.h"
#include "tests/lib/early.h"

struct own {
	SSL_CTX *our_ctx, *peer_ctx;
	struct tlsring_ctx *ctx;
	pthread_t thread;
	SSL_SESSION *session;		/* NULL: the visit that gets the ticket */
	int fd, peer_fd;
	bool server, taken;
};

/* As much of the stream as comes by SSL_read_early_data(). */
static size_t read_early(SSL *ssl, uint8_t *buf, size_t room)
{
	size_t have = 0, got;

	for (;;) {
		switch (SSL_read_early_data(ssl, buf + have, room - have, &got)) {
		case SSL_READ_EARLY_DATA_FINISH:
			return have;
		case SSL_READ_EARLY_DATA_SUCCESS:
			have += got;
			break;
		default:
			EQ(tlsring_handshake_result(ssl, 0), TLSRING_WANT_READ);
			peer_wait(SSL_get_fd(ssl), POLLIN);
		}
	}
}

static void *own_peer(void *arg)
{
	struct own *o = arg;
	uint8_t buf[EARLY], want[EARLY];
	SSL *ssl = SSL_new(o->peer_ctx);
	size_t have;

	SSL_set_fd(ssl, o->peer_fd);
	if (o->server) {
		if (o->session)
			EQ(begin_early(ssl, o->session, NULL, NULL) == SSL_EARLY_DATA_ACCEPTED, o->taken);
		else
			EQ(SSL_connect(ssl), 1);
	} else {
		have = o->taken || !o->session ? read_early(ssl, buf, sizeof(buf)) : 0;
		EQ(have, o->session && o->taken ? EARLY : 0);
		EQ(SSL_accept(ssl), 1);
		peer_fill(want, have, 0);
		EQ_MEM(buf, want, have);
		if (o->session && !have)
			peer_expect(ssl, 0, EARLY);
	}
	peer_expect(ssl, 0, MORE);
	write_at(ssl, EARLY, 10000);
	SSL_shutdown(ssl);
	EQ(SSL_read(ssl, buf, 1), 0);
	peer_free(ssl);
	return NULL;
}

static void own_start(struct own *o, SSL *ssl, uint8_t *early, size_t *have)
{
	size_t put;
	int ret;

	SSL_set_fd(ssl, o->fd);
	o->server ? SSL_set_accept_state(ssl) : SSL_set_connect_state(ssl);
	*have = 0;
	if (o->server && (o->taken || !o->session)) {
		*have = read_early(ssl, early, EARLY);
	} else if (!o->server && o->session) {
		SSL_set_session(ssl, o->session);
		peer_fill(early, EARLY, 0);
		EQ(SSL_write_early_data(ssl, early, EARLY, &put), 1);
	}
	while ((ret = tlsring_handshake(ssl)) > 0)
		peer_wait(o->fd, ret == TLSRING_WANT_READ ? POLLIN : POLLOUT);
	EQ(ret, 0);
	if (!o->server && o->session)
		EQ(SSL_get_early_data_status(ssl) == SSL_EARLY_DATA_ACCEPTED, o->taken);
}

static void own_send(struct own *o, struct tlsring_session *session, uint64_t from, uint64_t to)
{
	uint8_t buf[16384];

	while (from < to) {
		size_t len = to - from < sizeof(buf) ? to - from : sizeof(buf);
		ssize_t put;

		peer_fill(buf, len, from);
		put = tlsring_session_send(session, buf, len);
		if (put == -EAGAIN) {
			peer_wait(o->fd, POLLOUT);
			continue;
		}
		CHECK(put > 0);
		from += (uint64_t)put;
	}
}

static void own_expect(struct own *o, struct tlsring_session *session, uint64_t from, uint64_t to)
{
	uint8_t buf[16384];

	while (from < to) {
		ssize_t got = tlsring_session_recv(session, buf, sizeof(buf));

		if (got == -EAGAIN) {
			peer_wait(o->fd, POLLIN);
			continue;
		}
		CHECK(got > 0);
		for (ssize_t i = 0; i < got; i++)
			CHECK(buf[i] == peer_byte(from + (uint64_t)i));
		from += (uint64_t)got;
	}
}

static void own_visit(struct own *o)
{
	struct tlsring_info info = { .size = sizeof(info) };
	struct tlsring_session *session;
	uint8_t early[EARLY], want[EARLY], byte;
	int ret;
	SSL *ssl = SSL_new(o->our_ctx);
	size_t have;
	ssize_t got;

	peer_sockets(&o->fd, &o->peer_fd);
	fcntl(o->fd, F_SETFL, O_NONBLOCK);
	EQ(tlsring_watch(ssl), 0);
	CHECK(!pthread_create(&o->thread, NULL, own_peer, o));
	own_start(o, ssl, early, &have);
	EQ(tlsring_session_new(&session, o->ctx, ssl, o->fd), 0);
	while ((ret = tlsring_session_handover(session)) == -EAGAIN)
		peer_wait(o->fd, POLLIN);
	EQ(ret, 0);
	EQ(tlsring_session_info(session, &info), 0);
	EQ(info.tx.path == TLSRING_PATH_KERNEL, peer_kernel_takes(SUITE));
	EQ(info.rx.path == TLSRING_PATH_KERNEL, peer_kernel_takes(SUITE));
	if (o->server) {
		EQ(have, o->session && o->taken ? EARLY : 0);
		peer_fill(want, have, 0);
		EQ_MEM(early, want, have);
		own_expect(o, session, have, o->session ? EARLY : 0);
	} else if (o->session && !o->taken) {
		own_send(o, session, 0, EARLY);
	}
	own_send(o, session, 0, MORE);
	own_expect(o, session, EARLY, EARLY + 10000);
	while ((got = tlsring_session_recv(session, &byte, 1)) == -EAGAIN)
		peer_wait(o->fd, POLLIN);
	EQ(got, 0);
	EQ(tlsring_session_close(session), 0);
	pthread_join(o->thread, NULL);
	tlsring_session_free(session);
	close(o->fd);
}

static void own(bool server, bool taken)
{
	struct own o = { .server = server, .taken = taken };

	o.our_ctx = server ? server_ctx() : client_ctx();
	o.peer_ctx = server ? client_ctx() : server_ctx();
	EQ(tlsring_ctx_new(&o.ctx, o.our_ctx, NULL), 0);
	own_visit(&o);
	o.session = tickets_take();
	own_visit(&o);
	SSL_SESSION_free(o.session);
	tickets_forget();
	tlsring_ctx_free(o.ctx);
	SSL_CTX_free(o.our_ctx);
	SSL_CTX_free(o.peer_ctx);
}

TEST(server_takes) { own(true, true); }
TEST(server_refuses) { own(true, false); }
TEST(client_taken) { own(false, true); }
TEST(client_refused) { own(false, false); }
