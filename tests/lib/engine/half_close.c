// SPDX-License-Identifier: MIT
/* One direction of a connection ends before the other, ours first or the peer's: on the engine,
 * and in the caller's own loop. */
#include "tests/lib/service.h"

#define SUITE	"TLS_AES_128_GCM_SHA256"
#define BYTES	400000

enum mood {
	WE_FIRST,		/* send BYTES, finish, receive BYTES */
	PEER_FIRST,		/* receive until the peer has finished, send BYTES, close */
	PEER_FIRST_UNNOTICED,	/* the same without finished() */
	NEVER,			/* finish; the peer sends nothing and leaves */
};

struct server {
	struct service service;
	struct tlsring_handlers handlers;
	enum mood mood;
	uint8_t *bytes;
	uint64_t got;
	struct tlsring_end end;
	int finished, closed;
};

static void say(struct tlsring_conn *conn, struct server *s)
{
	struct tlsring_message message = { .head = s->bytes, .head_len = BYTES, .file_fd = -1 };

	EQ(tlsring_send(conn, &message), 0);
}

static void opened(struct tlsring_conn *conn, void *user)
{
	struct server *s = user;

	if (s->mood == WE_FIRST)
		say(conn, s);
	if (s->mood == WE_FIRST || s->mood == NEVER) {
		tlsring_finish(conn);
		EQ(tlsring_send(conn, &(struct tlsring_message){ .head = "x",
								 .head_len = 1,
								 .file_fd = -1 }),
		   -EPIPE);
	}
}

static ssize_t received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct server *s = user;

	(void)conn;
	CHECK(s->got + len <= BYTES);
	EQ_MEM(data, s->bytes + s->got, len);
	s->got += len;
	return (ssize_t)len;
}

static void sent(struct tlsring_conn *conn, int result, void *user)
{
	struct server *s = user;

	EQ(result, 0);
	if (s->mood == PEER_FIRST)
		tlsring_close(conn);
}

static void finished(struct tlsring_conn *conn, void *user)
{
	struct server *s = user;

	EQ(s->got, s->mood == NEVER ? 0 : BYTES);
	s->finished++;
	if (s->mood == PEER_FIRST)
		say(conn, s);
	else
		tlsring_close(conn);
}

static void closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	struct server *s = user;

	(void)conn;
	s->end = *end;
	__atomic_add_fetch(&s->closed, 1, __ATOMIC_RELEASE);
}

static void server_start(struct server *s, enum tlsring_io io, enum tlsring_offload offload,
			 unsigned directions)
{
	struct tlsring_engine_options engine = { .size = sizeof(engine), .io = io };
	struct tlsring_ctx_options options = { .size = sizeof(options), .offload = offload,
					       .directions = directions };

	s->handlers = (struct tlsring_handlers){
		.size = sizeof(s->handlers), .opened = opened, .received = received, .sent = sent,
		.finished = s->mood == PEER_FIRST_UNNOTICED ? NULL : finished, .closed = closed,
	};
	s->bytes = malloc(BYTES);
	peer_fill(s->bytes, BYTES, 0);
	service_start(&s->service, peer_ctx(true, SUITE), &options, &engine, &s->handlers, s);
}

static void server_stop(struct server *s)
{
	peer_await(&s->closed, 1);
	service_stop(&s->service);
	free(s->bytes);
	EQ(s->closed, 1);
}

static void peer_end(SSL *ssl)
{
	uint8_t byte;

	peer_expect_end(ssl);
	EQ(recv(SSL_get_fd(ssl), &byte, 1, 0), 0);	/* FIN */
}

static void peer_says(SSL *ssl)
{
	uint8_t buf[10000];

	for (uint64_t at = 0; at < BYTES; at += sizeof(buf)) {
		peer_fill(buf, sizeof(buf), at);
		EQ(SSL_write(ssl, buf, sizeof(buf)), sizeof(buf));
	}
}

static void half(enum mood mood, enum tlsring_io io, enum tlsring_offload offload,
		 unsigned directions)
{
	struct server s = { .mood = mood };
	SSL_CTX *client = peer_ctx(false, SUITE);
	SSL *ssl;

	server_start(&s, io, offload, directions);
	ssl = peer_connect(client, s.service.port);
	switch (mood) {
	case WE_FIRST:
		peer_expect(ssl, 0, BYTES);
		peer_end(ssl);
		/* A request for a KeyUpdate that can no longer be answered does no harm. */
		if (!ktls_probe()->ulp || offload == TLSRING_OFFLOAD_OFF || ktls_probe()->rekey_rx)
			EQ(SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED), 1);
		peer_says(ssl);
		SSL_shutdown(ssl);
		break;
	case PEER_FIRST:
		peer_says(ssl);
		EQ(SSL_shutdown(ssl), 0);
		peer_expect(ssl, 0, BYTES);
		peer_end(ssl);
		break;
	case PEER_FIRST_UNNOTICED:
		peer_says(ssl);
		EQ(SSL_shutdown(ssl), 0);
		peer_end(ssl);
		break;
	case NEVER:
		peer_end(ssl);
		break;
	}
	peer_free(ssl);
	SSL_CTX_free(client);
	server_stop(&s);
	EQ(s.end.result, mood == NEVER ? -EPIPE : 0);
	EQ(s.got, mood == NEVER ? 0 : BYTES);
	EQ(s.finished, mood == WE_FIRST || mood == PEER_FIRST);
}

#define HALF(name, mood)									\
	TEST(name##_ring) { half(mood, TLSRING_IO_URING, TLSRING_OFFLOAD_AUTO, 0); }		\
	TEST(name##_epoll) { half(mood, TLSRING_IO_EPOLL, TLSRING_OFFLOAD_AUTO, 0); }		\
	TEST(name##_sending) { half(mood, TLSRING_IO_AUTO, TLSRING_OFFLOAD_AUTO, TLSRING_TX); }	\
	TEST(name##_receiving) { half(mood, TLSRING_IO_AUTO, TLSRING_OFFLOAD_AUTO, TLSRING_RX); } \
	TEST(name##_user) { half(mood, TLSRING_IO_AUTO, TLSRING_OFFLOAD_OFF, 0); }

HALF(we_first, WE_FIRST)
HALF(peer_first, PEER_FIRST)
HALF(peer_first_unnoticed, PEER_FIRST_UNNOTICED)
HALF(the_peer_leaves, NEVER)

/* ---- the caller's own loop ---- */

struct own {
	SSL *peer;
	bool we_first;
};

static void *own_peer(void *arg)
{
	struct own *own = arg;

	CHECK(SSL_connect(own->peer) == 1);
	if (!own->we_first) {
		peer_says(own->peer);
		EQ(SSL_shutdown(own->peer), 0);
	}
	peer_expect(own->peer, 0, BYTES);
	peer_expect_end(own->peer);
	if (own->we_first) {
		peer_says(own->peer);
		SSL_shutdown(own->peer);
	}
	return NULL;
}

static void own_says(struct tlsring_session *session)
{
	uint8_t buf[10000];
	ssize_t put;

	for (uint64_t at = 0; at < BYTES; at += (uint64_t)put) {
		size_t len = BYTES - at < sizeof(buf) ? BYTES - at : sizeof(buf);

		peer_fill(buf, len, at);
		put = tlsring_session_send(session, buf, len);
		CHECK(put > 0);
	}
	EQ(tlsring_session_close(session), 0);
	EQ(tlsring_session_send(session, buf, 1), -EPIPE);
}

static void own_listens(struct tlsring_session *session)
{
	uint8_t buf[16384];
	uint64_t at = 0;
	ssize_t got;

	while ((got = tlsring_session_recv(session, buf, sizeof(buf)))) {
		CHECK(got > 0);
		for (ssize_t i = 0; i < got; i++)
			CHECK(buf[i] == peer_byte(at + (uint64_t)i));
		at += (uint64_t)got;
	}
	EQ(at, BYTES);
}

static void own_half(bool we_first, enum tlsring_offload offload, unsigned directions)
{
	struct tlsring_ctx_options options = { .size = sizeof(options), .offload = offload,
					       .directions = directions };
	SSL_CTX *server = peer_ctx(true, SUITE), *client = peer_ctx(false, SUITE);
	struct own own = { .we_first = we_first };
	struct tlsring_session *session;
	struct tlsring_ctx *ctx;
	pthread_t thread;
	int fd, peer_fd;
	SSL *ssl;

	peer_sockets(&fd, &peer_fd);
	EQ(tlsring_ctx_new(&ctx, server, &options), 0);
	ssl = SSL_new(server);
	own.peer = SSL_new(client);
	EQ(tlsring_watch(ssl), 0);
	SSL_set_fd(ssl, fd);
	SSL_set_fd(own.peer, peer_fd);
	SSL_set_accept_state(ssl);
	CHECK(!pthread_create(&thread, NULL, own_peer, &own));
	EQ(tlsring_handshake(ssl), 0);
	EQ(tlsring_session_new(&session, ctx, ssl, fd), 0);
	EQ(tlsring_session_handover(session), 0);
	if (we_first)
		own_says(session);
	own_listens(session);
	if (!we_first)
		own_says(session);
	pthread_join(thread, NULL);
	tlsring_session_free(session);
	SSL_free(own.peer);
	tlsring_ctx_free(ctx);
	SSL_CTX_free(server);
	SSL_CTX_free(client);
	close(fd);
	close(peer_fd);
}

static void own_each(bool we_first)
{
	for (unsigned directions = 0; directions <= (TLSRING_TX | TLSRING_RX); directions++)
		own_half(we_first, directions ? TLSRING_OFFLOAD_AUTO : TLSRING_OFFLOAD_OFF,
			 directions);
}

TEST(own_loop_we_first) { own_each(true); }
TEST(own_loop_peer_first) { own_each(false); }
