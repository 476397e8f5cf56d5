// SPDX-License-Identifier: MIT
/* A record that cannot be opened is answered with an alert, which arrives even if the peer has sent
 * more than anybody reads. */
#include "tests/lib/service.h"

#define JUNK	(256 * 1024)

static ssize_t received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct tlsring_message message = { .head = data, .head_len = 1, .file_fd = -1 };

	(void)user;
	return tlsring_send(conn, &message) ? -EPROTO : (ssize_t)len;
}

static void closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	(void)conn;
	__atomic_store_n((int *)user, end->result, __ATOMIC_RELEASE);
}

/* A forged record and what follows it, as much as the socket takes. */
static void send_junk(int fd)
{
	static uint8_t junk[JUNK] = { 23, 3, 3, 0, 100 };

	CHECK(write(fd, junk, sizeof(junk)) > 105);
}

static void forged(enum tlsring_io io, enum tlsring_offload offload)
{
	static const struct tlsring_handlers handlers = {
		.size = sizeof(handlers), .received = received, .closed = closed,
	};
	struct tlsring_engine_options engine = { .size = sizeof(engine), .io = io };
	struct tlsring_ctx_options ctx = { .size = sizeof(ctx), .offload = offload };
	SSL_CTX *client = peer_ctx(false, "TLS_AES_128_GCM_SHA256");
	struct service s = { 0 };
	int result = 0;
	char byte;
	SSL *ssl;

	service_start(&s, peer_ctx(true, "TLS_AES_128_GCM_SHA256"), &ctx, &engine, &handlers, &result);
	ssl = peer_connect(client, s.port);
	EQ(SSL_write(ssl, "x", 1), 1);
	EQ(SSL_read(ssl, &byte, 1), 1);
	send_junk(SSL_get_fd(ssl));
	CHECK(SSL_read(ssl, &byte, 1) <= 0);
	EQ(ERR_GET_REASON(ERR_peek_error()), SSL_AD_REASON_OFFSET + SSL_AD_BAD_RECORD_MAC);
	ERR_clear_error();
	peer_free(ssl);
	while (!__atomic_load_n(&result, __ATOMIC_ACQUIRE))
		usleep(1000);
	EQ(result, TLSRING_EALERT_SENT(SSL_AD_BAD_RECORD_MAC));
	SSL_CTX_free(client);
	service_stop(&s);
}

TEST(forged_ring) { forged(TLSRING_IO_URING, TLSRING_OFFLOAD_AUTO); }
TEST(forged_epoll) { forged(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_AUTO); }
TEST(forged_user_space_ring) { forged(TLSRING_IO_URING, TLSRING_OFFLOAD_OFF); }
TEST(forged_user_space_epoll) { forged(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_OFF); }
