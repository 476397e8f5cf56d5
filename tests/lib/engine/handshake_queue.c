// SPDX-License-Identifier: MIT
/* Many clients begin a handshake at once: requests on other connections do not wait for them. */
#include <semaphore.h>
#include "tests/lib/service.h"

#define CROWD	200
#define FEW	80	/* handshakes that may be done before a request that came later */

struct server {
	struct service service;
	SSL_CTX *client;
	sem_t held, go;
	int accepted, begun, closed;
	int before;		/* handshakes begun before the second request */
};

static int hello(SSL *ssl, int *alert, void *arg)
{
	struct server *s = arg;

	(void)ssl, (void)alert;
	__atomic_add_fetch(&s->begun, 1, __ATOMIC_RELEASE);
	return SSL_CLIENT_HELLO_SUCCESS;
}

static bool accepting(const struct sockaddr *peer, void *user)
{
	struct server *s = user;

	(void)peer;
	__atomic_add_fetch(&s->accepted, 1, __ATOMIC_RELEASE);
	return true;
}

/* A '!' holds the engine, so that much can arrive before its next round. */
static ssize_t received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct tlsring_message message = { .head = "+", .head_len = 1, .file_fd = -1 };
	struct server *s = user;

	if (*(const char *)data == '!') {
		sem_post(&s->held);
		sem_wait(&s->go);
	} else {
		s->before = s->begun;
	}
	EQ(tlsring_send(conn, &message), 0);
	return (ssize_t)len;
}

static void closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	struct server *s = user;

	(void)conn, (void)end;
	__atomic_add_fetch(&s->closed, 1, __ATOMIC_RELEASE);
}

static const struct tlsring_handlers handlers = {
	.size = sizeof(handlers), .accepting = accepting, .received = received, .closed = closed,
};

static void start(struct server *s, enum tlsring_io io)
{
	struct tlsring_engine_options engine = { .size = sizeof(engine), .io = io };
	SSL_CTX *ssl = peer_ctx(true, "TLS_AES_128_GCM_SHA256");

	*s = (struct server){ .client = peer_ctx(false, "TLS_AES_128_GCM_SHA256") };
	CHECK(!sem_init(&s->held, 0, 0) && !sem_init(&s->go, 0, 0));
	SSL_CTX_set_client_hello_cb(ssl, hello, s);
	service_start(&s->service, ssl, NULL, &engine, &handlers, s);
}

static void stop(struct server *s)
{
	service_stop(&s->service);
	SSL_CTX_free(s->client);
	sem_destroy(&s->held);
	sem_destroy(&s->go);
}

/* A first message that any number of connections can send. */
static int client_hello(struct server *s, uint8_t *out, size_t room)
{
	SSL *ssl = SSL_new(s->client);
	BIO *to_server = BIO_new(BIO_s_mem());
	int len;

	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), to_server);
	EQ(SSL_connect(ssl), -1);
	len = BIO_read(to_server, out, (int)room);
	CHECK(len > 0);
	SSL_free(ssl);
	ERR_clear_error();
	return len;
}

static void ask(SSL *ssl, const char *what)
{
	EQ(SSL_write(ssl, what, 1), 1);
}

static void take(SSL *ssl)
{
	char byte;

	EQ(SSL_read(ssl, &byte, 1), 1);
	EQ(byte, '+');
}

static void a_crowd_connects(struct server *s, int *fds, int accepted)
{
	for (int i = 0; i < CROWD; i++)
		fds[i] = peer_tcp(s->service.port);
	peer_await(&s->accepted, accepted);
}

/* Begin CROWD handshakes at once, beside an open connection, while the engine is held until
 * s->go. */
static SSL *a_crowd_begins(struct server *s, int *fds)
{
	uint8_t bytes[2048];
	int len = client_hello(s, bytes, sizeof(bytes));
	SSL *ssl = peer_connect(s->client, s->service.port);

	ask(ssl, "?");
	take(ssl);
	EQ(s->before, 1);
	a_crowd_connects(s, fds, CROWD + 1);
	ask(ssl, "!");
	sem_wait(&s->held);
	for (int i = 0; i < CROWD; i++)
		EQ(write(fds[i], bytes, (size_t)len), len);
	return ssl;
}

static void a_crowd_leaves(const int *fds)
{
	for (int i = 0; i < CROWD; i++)
		close(fds[i]);
}

static void requests_come_first(enum tlsring_io io)
{
	struct server s;
	int fds[CROWD];
	SSL *ssl;

	start(&s, io);
	ssl = a_crowd_begins(&s, fds);
	sem_post(&s.go);
	take(ssl);
	/* This request is received in a round of its own, when all handshakes are there. */
	ask(ssl, "?");
	take(ssl);
	printf("# %d handshakes came before it\n", s.before - 1);
	CHECK(s.before - 1 <= FEW);
	/* Every handshake gets its turn. */
	peer_await(&s.begun, CROWD + 1);
	a_crowd_leaves(fds);
	peer_await(&s.closed, CROWD);
	peer_free(ssl);
	stop(&s);
}

TEST(requests_come_first_uring) { requests_come_first(TLSRING_IO_URING); }
TEST(requests_come_first_epoll) { requests_come_first(TLSRING_IO_EPOLL); }

/* Handshakes that wait for their turn are given up when the engine stops. */
static void stopped_meanwhile(enum tlsring_io io)
{
	struct server s;
	int fds[CROWD];
	SSL *ssl;

	start(&s, io);
	ssl = a_crowd_begins(&s, fds);
	tlsring_engine_stop(s.service.engine, 0);
	sem_post(&s.go);
	service_join(&s.service);
	EQ(s.closed, CROWD + 1);
	service_free(&s.service);
	a_crowd_leaves(fds);
	peer_free(ssl);
	SSL_CTX_free(s.client);
}

TEST(stopped_meanwhile_uring) { stopped_meanwhile(TLSRING_IO_URING); }
TEST(stopped_meanwhile_epoll) { stopped_meanwhile(TLSRING_IO_EPOLL); }

static int made;

static void count_ssl(void *ssl, void *data, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
	(void)ssl, (void)data, (void)ad, (void)index, (void)argl, (void)argp;
	__atomic_add_fetch(&made, 1, __ATOMIC_RELEASE);
}

/* A client that says nothing costs no SSL. */
TEST(silent_ones)
{
	struct server s;
	int fds[CROWD];
	SSL *ssl;

	start(&s, TLSRING_IO_AUTO);
	CHECK(SSL_get_ex_new_index(0, NULL, count_ssl, NULL, NULL) >= 0);
	a_crowd_connects(&s, fds, CROWD);
	/* This connection is accepted after all silent ones. */
	ssl = peer_connect(s.client, s.service.port);
	ask(ssl, "?");
	take(ssl);
	EQ(__atomic_load_n(&made, __ATOMIC_ACQUIRE), 2);
	a_crowd_leaves(fds);
	peer_free(ssl);
	stop(&s);
}
