// SPDX-License-Identifier: MIT
/* Tickets under keys from files: two servers resume each other's sessions, also across a rotation. */
#include <fcntl.h>
#include "lib/tlsring.h"
#include "tests/lib/tickets.h"

struct server {
	SSL_CTX *ssl;
	struct tlsring_ctx *ctx;
};

static char folder[] = "/tmp/tlsring-keys.XXXXXX";

static const char *key_file(const char *name, size_t len, uint8_t seed)
{
	static char paths[8][64];
	static int used;
	char *path = paths[used++ % 8];
	uint8_t bytes[128];
	int fd;

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(seed + i * 7);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0);
	EQ(write(fd, bytes, len), len);
	close(fd);
	return path;
}

static void server_new(struct server *s, const char *suite)
{
	s->ssl = peer_ctx(true, suite);
	EQ(tlsring_ctx_new(&s->ctx, s->ssl, NULL), 0);
}

static void server_free(struct server *s)
{
	tlsring_ctx_free(s->ctx);
	SSL_CTX_free(s->ssl);
}

/* A handshake in memory with what was kept; was it resumed? */
static bool meet(struct server *s, SSL_CTX *client_ctx)
{
	SSL *server = SSL_new(s->ssl), *client = SSL_new(client_ctx);
	BIO *one, *other;
	bool resumed;
	char byte;
	int a = 0, b = 0;

	CHECK(BIO_new_bio_pair(&one, 1 << 16, &other, 1 << 16));
	SSL_set_bio(server, one, one);
	SSL_set_bio(client, other, other);
	if (tickets_kept)
		CHECK(SSL_set_session(client, tickets_kept));
	for (int i = 0; i < 10 && (a != 1 || b != 1); i++) {
		b = SSL_connect(client);
		a = SSL_accept(server);
	}
	EQ(a, 1);
	EQ(b, 1);
	EQ(SSL_read(client, &byte, 1), -1);
	resumed = SSL_session_reused(server);
	SSL_set_shutdown(client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(client);
	SSL_free(server);
	return resumed;
}

static SSL_CTX *client_new(const char *suite)
{
	SSL_CTX *ctx = peer_ctx(false, suite);

	CHECK(mkdtemp(folder));
	tickets_watch(ctx, tickets_keep);
	return ctx;
}

static void shared(const char *suite, size_t len)
{
	struct server first, second, stranger;
	SSL_CTX *client = client_new(suite);
	const char *old = key_file("old", len, 1), *fresh = key_file("fresh", len, 2);
	const char *rotated[] = { fresh, old };

	server_new(&first, suite);
	server_new(&second, suite);
	server_new(&stranger, suite);
	EQ(tlsring_ctx_ticket_keys(first.ctx, &old, 1), 0);
	EQ(tlsring_ctx_ticket_keys(second.ctx, &old, 1), 0);
	EQ(tlsring_ctx_ticket_keys(stranger.ctx, &fresh, 1), 0);
	CHECK(!meet(&first, client));
	CHECK(tickets_kept);
	CHECK(meet(&second, client));
	/* Rotate: the old ticket still opens, and is replaced by one under the fresh key. */
	EQ(tlsring_ctx_ticket_keys(first.ctx, rotated, 2), 0);
	CHECK(meet(&first, client));
	CHECK(!meet(&second, client));
	EQ(tlsring_ctx_ticket_keys(second.ctx, &fresh, 1), 0);
	tickets_forget();
	CHECK(!meet(&first, client));
	CHECK(meet(&second, client));
	CHECK(meet(&stranger, client));
	tickets_forget();
	SSL_CTX_free(client);
	server_free(&first);
	server_free(&second);
	server_free(&stranger);
	unlink(old);
	unlink(fresh);
	rmdir(folder);
}

TEST(tls13_48_bytes) { shared("TLS_AES_128_GCM_SHA256", 48); }
TEST(tls13_80_bytes) { shared("TLS_AES_128_GCM_SHA256", 80); }
TEST(tls12_48_bytes) { shared("ECDHE-ECDSA-AES128-GCM-SHA256", 48); }
TEST(tls12_80_bytes) { shared("ECDHE-ECDSA-AES128-GCM-SHA256", 80); }

TEST(bad_files_change_nothing)
{
	const char *suite = "TLS_AES_128_GCM_SHA256", *good, *none = "/nowhere/at/all";
	const char *mixed[2];
	struct server s;
	SSL_CTX *client = client_new(suite);

	server_new(&s, suite);
	good = key_file("good", 80, 3);
	EQ(tlsring_ctx_ticket_keys(s.ctx, &good, 1), 0);
	CHECK(!meet(&s, client));
	mixed[0] = key_file("short", 47, 4);
	EQ(tlsring_ctx_ticket_keys(s.ctx, mixed, 1), -EBADMSG);
	mixed[1] = key_file("long", 81, 4);
	EQ(tlsring_ctx_ticket_keys(s.ctx, mixed + 1, 1), -EBADMSG);
	EQ(tlsring_ctx_ticket_keys(s.ctx, &none, 1), -ENOENT);
	EQ(tlsring_ctx_ticket_keys(s.ctx, &good, 0), -EINVAL);
	EQ(tlsring_ctx_ticket_keys(s.ctx, &good, 9), -EINVAL);
	CHECK(meet(&s, client));
	tickets_forget();
	SSL_CTX_free(client);
	server_free(&s);
	unlink(good);
	unlink(mixed[0]);
	unlink(mixed[1]);
	rmdir(folder);
}
