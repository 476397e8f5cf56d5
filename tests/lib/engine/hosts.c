// SPDX-License-Identifier: MIT
/* Several hosts behind one context: a callback gives the connection to another SSL_CTX, and its
 * keys, its tickets and the name asked for come along. */
#include <sys/mman.h>
#include "tests/lib/service.h"
#include "tests/lib/tickets.h"

#define STREAM	300000

struct server {
	struct service service;
	SSL_CTX *host;
	int file;
	struct tlsring_direction tx, rx;
	char name[64];
};

static int choose(SSL *ssl, int *alert, void *user)
{
	struct server *s = user;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	if (name && !strcmp(name, "other.test"))
		CHECK(SSL_set_SSL_CTX(ssl, s->host) == s->host);
	return SSL_TLSEXT_ERR_OK;
}

static ssize_t received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct server *s = user;
	struct tlsring_info info = { .size = sizeof(info) };
	struct tlsring_message message = { .file_fd = s->file, .length = STREAM };

	(void)data;
	CHECK(!tlsring_conn_info(conn, &info));
	s->tx = info.tx;
	s->rx = info.rx;
	snprintf(s->name, sizeof(s->name), "%s", info.server_name);
	CHECK(!tlsring_send(conn, &message));
	return (ssize_t)len;
}

static const struct tlsring_handlers handlers = { .size = sizeof(handlers), .received = received };

static int content(void)
{
	static uint8_t bytes[STREAM];
	int file = memfd_create("stream", MFD_CLOEXEC);

	peer_fill(bytes, STREAM, 0);
	EQ(write(file, bytes, STREAM), STREAM);
	return file;
}

static void server_start(struct server *s, const char *suite)
{
	SSL_CTX *base = peer_ctx(true, suite);

	*s = (struct server){
		.service.ssl = base, .host = peer_ctx(true, suite), .file = content(),
	};
	SSL_CTX_set_tlsext_servername_callback(base, choose);
	SSL_CTX_set_tlsext_servername_arg(base, s);
	EQ(tlsring_ctx_new(&s->service.ctx, base, NULL), 0);
	EQ(tlsring_ctx_add(s->service.ctx, s->host), 0);
	service_listen(&s->service, NULL, &handlers, s);
}

static void server_end(struct server *s)
{
	service_stop(&s->service);
	SSL_CTX_free(s->host);
	close(s->file);
}

/* One exchange under a name. True: the session was resumed. */
static bool visit(struct server *s, SSL_CTX *ctx, const char *name)
{
	const X509 *expected =
		SSL_CTX_get0_certificate(!strcmp(name, "other.test") ? s->host : s->service.ssl);
	SSL *ssl = SSL_new(ctx);
	X509 *cert;
	bool resumed;

	CHECK(ssl && SSL_set_fd(ssl, peer_tcp(s->service.port)) &&
	      SSL_set_tlsext_host_name(ssl, name));
	if (tickets_kept)
		CHECK(SSL_set_session(ssl, tickets_kept));
	EQ(SSL_connect(ssl), 1);
	cert = SSL_get1_peer_certificate(ssl);
	CHECK(cert && !X509_cmp(cert, expected));
	X509_free(cert);
	EQ(SSL_write(ssl, "go", 2), 2);
	peer_expect(ssl, 0, STREAM);
	EQ_STR(s->name, name);
	resumed = SSL_session_reused(ssl);
	SSL_shutdown(ssl);
	peer_free(ssl);
	return resumed;
}

static SSL_CTX *client_new(const char *suite)
{
	SSL_CTX *ctx = peer_ctx(false, suite);

	tickets_watch(ctx, tickets_keep);
	return ctx;
}

static void switched(const char *suite)
{
	SSL_CTX *client = client_new(suite);
	struct server s;

	server_start(&s, suite);
	CHECK(!visit(&s, client, "other.test"));
	CHECK(visit(&s, client, "other.test"));
	if (peer_kernel_takes(suite)) {
		EQ(s.tx.path, TLSRING_PATH_KERNEL);
		EQ(s.rx.path, TLSRING_PATH_KERNEL);
	}
	tickets_forget();
	CHECK(!visit(&s, client, "first.test"));
	server_end(&s);
	tickets_forget();
	SSL_CTX_free(client);
}

TEST(switched_tls13) { switched("TLS_AES_128_GCM_SHA256"); }
TEST(switched_tls12) { switched("ECDHE-ECDSA-AES128-GCM-SHA256"); }

/* A file of ticket keys. They are the context's, and open the tickets of its hosts too. */
static void ticket_file(char *path, uint8_t seed)
{
	uint8_t bytes[80];
	int fd;

	memset(bytes, seed, sizeof(bytes));
	fd = mkstemp(path);
	CHECK(fd >= 0);
	EQ(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	close(fd);
}

static void tickets(const char *suite)
{
	char one[] = "/tmp/tlsring-key.XXXXXX", two[] = "/tmp/tlsring-key.XXXXXX";
	const char *path = one, *stranger = two;
	SSL_CTX *client = client_new(suite);
	struct server s;

	ticket_file(one, 1);
	ticket_file(two, 2);
	server_start(&s, suite);
	EQ(tlsring_ctx_ticket_keys(s.service.ctx, &path, 1), 0);
	CHECK(!visit(&s, client, "other.test"));
	CHECK(visit(&s, client, "other.test"));
	EQ(tlsring_ctx_ticket_keys(s.service.ctx, &stranger, 1), 0);
	CHECK(!visit(&s, client, "other.test"));
	server_end(&s);
	tickets_forget();
	SSL_CTX_free(client);
	unlink(one);
	unlink(two);
}

TEST(tickets_tls13) { tickets("TLS_AES_128_GCM_SHA256"); }
TEST(tickets_tls12) { tickets("ECDHE-ECDSA-AES128-GCM-SHA256"); }

/* A newer SSL_CTX takes the place of one that still has connections. */
TEST(replaced_while_connected)
{
	const char *suite = "TLS_AES_128_GCM_SHA256";
	SSL_CTX *client = peer_ctx(false, suite), *old;
	struct server s;
	SSL *ssl = SSL_new(client);

	server_start(&s, suite);
	CHECK(SSL_set_fd(ssl, peer_tcp(s.service.port)) &&
	      SSL_set_tlsext_host_name(ssl, "other.test"));
	EQ(SSL_connect(ssl), 1);
	old = s.host;
	s.host = peer_ctx(true, suite);
	CHECK(!tlsring_ctx_add(s.service.ctx, s.host));
	SSL_CTX_free(old);
	CHECK(!visit(&s, client, "other.test"));
	EQ(SSL_write(ssl, "go", 2), 2);
	peer_expect(ssl, 0, STREAM);
	peer_free(ssl);
	server_end(&s);
	SSL_CTX_free(client);
}

/* A drained engine takes no new connections, but those that are there are served, also when they
 * were only beginning. */
static void drain_ask(struct tlsring_conn *conn, void *user)
{
	(void)conn;
	((struct server *)user)->name[0] = '!';
}

static void drain_sent(struct tlsring_conn *conn, int result, void *user)
{
	(void)user;
	EQ(result, 0);
	tlsring_close(conn);
}

static void drain_stop(struct tlsring_conn *conn, void *user)
{
	(void)conn, (void)user;
	FAIL("a drain is no stop");
}

static void drain(enum tlsring_io io)
{
	static const struct tlsring_handlers drained = {
		.size = sizeof(drained),
		.received = received,
		.sent = drain_sent,
		.draining = drain_ask,
		.stopping = drain_stop,
	};
	struct tlsring_engine_options options = { .size = sizeof(options), .io = io };
	SSL_CTX *client = peer_ctx(false, NULL);
	struct server s = { .file = content() };
	SSL *open, *beginning = SSL_new(client);
	int fd, ret;

	service_start(&s.service, peer_ctx(true, NULL), NULL, &options, &drained, &s);
	/* Connections are accepted in their order: the silent one has been, once the next is
	 * open. */
	fd = peer_tcp(s.service.port);
	open = peer_connect(client, s.service.port);
	tlsring_engine_drain(s.service.engine, 60000);
	while (s.name[0] != '!')
		usleep(1000);
	CHECK(SSL_set_fd(beginning, fd));
	EQ(SSL_connect(beginning), 1);
	EQ(SSL_write(beginning, "go", 2), 2);
	peer_expect(beginning, 0, STREAM);
	EQ(SSL_write(open, "go", 2), 2);
	peer_expect(open, 0, STREAM);
	peer_free(beginning);
	peer_free(open);
	service_join(&s.service);
	/* Another process accepts from the listening socket now. */
	fd = peer_tcp(s.service.port);
	ret = accept(s.service.fd, NULL, NULL);
	CHECK(ret >= 0);
	close(ret);
	close(fd);
	service_free(&s.service);
	SSL_CTX_free(client);
}

TEST(drain_ring) { drain(TLSRING_IO_URING); }
TEST(drain_epoll) { drain(TLSRING_IO_EPOLL); }
