// SPDX-License-Identifier: MIT
/* SSLs that are watched more than once, duplicated, used again, or of a version that is not ours. */
#include "tests/lib/ends.h"

#define SUITE	"TLS_AES_128_GCM_SHA256"

static int infos;

static void info(const SSL *ssl, int where, int value)
{
	(void)ssl, (void)where, (void)value;
	infos++;
}

static void exchange(struct ends *e)
{
	char byte;

	EQ(tlsring_session_send(e->session, "a", 1), 1);
	/* Tickets come first. */
	while (SSL_read(e->peer, &byte, 1) != 1)
		peer_wait(e->peer_fd, POLLIN);
	EQ(byte, 'a');
	EQ(SSL_write(e->peer, "b", 1), 1);
	peer_wait(e->fd, POLLIN);
	EQ(tlsring_session_recv(e->session, &byte, 1), 1);
	EQ(byte, 'b');
}

static void handed_over(struct ends *e)
{
	struct tlsring_info now = { .size = sizeof(now) };

	ends_shake(e);
	EQ(tlsring_session_handover(e->session), 0);
	EQ(tlsring_session_info(e->session, &now), 0);
	CHECK(now.tx.reason != TLSRING_REASON_NO_SECRETS);
	exchange(e);
	ends_free(e);
}

TEST_DEADLINE(watched_twice, 20)
{
	struct ends e;

	ends_prepare(&e, true, SUITE, NULL);
	SSL_CTX_set_info_callback(e.our_ctx, info);
	ends_connect(&e);
	EQ(tlsring_watch(e.ours), 0);
	EQ(tlsring_watch(e.ours), 0);
	handed_over(&e);
	CHECK(infos > 0);
}

/* An SSL that was cleared is one before its first byte again. */
TEST_DEADLINE(watched_after_clear, 20)
{
	struct ends e;

	ends_open(&e, true, SUITE, NULL);
	EQ(write(e.peer_fd, "no TLS at all", 13), 13);
	peer_wait(e.fd, POLLIN);
	CHECK(tlsring_handshake(e.ours) < 0);
	SSL_free(e.peer);
	close(e.fd);
	close(e.peer_fd);
	peer_sockets(&e.fd, &e.peer_fd);
	fcntl(e.fd, F_SETFL, O_NONBLOCK);
	fcntl(e.peer_fd, F_SETFL, O_NONBLOCK);
	EQ(SSL_clear(e.ours), 1);
	SSL_set_fd(e.ours, e.fd);
	SSL_set_accept_state(e.ours);
	EQ(tlsring_watch(e.ours), 0);
	e.peer = SSL_new(e.peer_ctx);
	SSL_set_fd(e.peer, e.peer_fd);
	SSL_set_connect_state(e.peer);
	handed_over(&e);
}

static SSL *duplicated(SSL *ssl, int fd)
{
	SSL *dup = SSL_dup(ssl);

	CHECK(dup && dup != ssl);
	SSL_set_fd(dup, fd);
	return dup;
}

TEST_DEADLINE(duplicate, 20)
{
	struct ends e;
	SSL *first;

	ends_open(&e, true, SUITE, NULL);
	first = e.ours;
	e.ours = duplicated(first, e.fd);
	/* The original is watched, the duplicate is not until it is asked for. */
	EQ(tlsring_handshake(e.ours), -EINVAL);
	EQ(tlsring_watch(e.ours), 0);
	SSL_free(first);
	handed_over(&e);
}

TEST_DEADLINE(duplicate_unwatched, 20)
{
	struct ends e;
	SSL *first;

	ends_open(&e, true, SUITE, NULL);
	first = e.ours;
	e.ours = duplicated(first, e.fd);
	SSL_free(first);
	/* Its callbacks must do without what was the original's. */
	SSL_do_handshake(e.peer);
	while (SSL_do_handshake(e.ours) != 1)
		SSL_do_handshake(e.peer);
	EQ(tlsring_session_new(&e.session, e.ctx, e.ours, e.fd), -EINVAL);
	SSL_free(e.ours);
	ends_free(&e);
}

TEST(datagrams)
{
	SSL_CTX *dtls = SSL_CTX_new(DTLS_server_method());
	struct tlsring_ctx *ctx;
	SSL *ssl = SSL_new(dtls);

	EQ(tlsring_ctx_new(&ctx, dtls, NULL), -EINVAL);
	EQ(tlsring_watch(ssl), -EINVAL);
	SSL_free(ssl);
	SSL_CTX_free(dtls);
}

/* A version of old is called by its name, and stays in user space. */
static void old_version(int version, const char *name)
{
	struct tlsring_info now = { .size = sizeof(now) };
	struct ends e;

	ends_prepare(&e, true, NULL, NULL);
	SSL_CTX_set_security_level(e.our_ctx, 0);
	SSL_CTX_set_security_level(e.peer_ctx, 0);
	SSL_CTX_set_min_proto_version(e.our_ctx, version);
	SSL_CTX_set_max_proto_version(e.our_ctx, version);
	SSL_CTX_set_min_proto_version(e.peer_ctx, version);
	CHECK(SSL_CTX_set_cipher_list(e.our_ctx, "ALL:@SECLEVEL=0"));
	CHECK(SSL_CTX_set_cipher_list(e.peer_ctx, "ALL:@SECLEVEL=0"));
	ends_connect(&e);
	ends_shake(&e);
	EQ(tlsring_session_info(e.session, &now), 0);
	EQ_STR(now.version, name);
	EQ(tlsring_session_handover(e.session), 0);
	EQ(tlsring_session_info(e.session, &now), 0);
	if (version < TLS1_2_VERSION)
		EQ(now.tx.path, TLSRING_PATH_USER);
	exchange(&e);
	ends_free(&e);
}

TEST(tls10) { old_version(TLS1_VERSION, "TLSv1"); }
TEST(tls11) { old_version(TLS1_1_VERSION, "TLSv1.1"); }
TEST(tls12) { old_version(TLS1_2_VERSION, "TLSv1.2"); }
