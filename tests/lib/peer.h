/* SPDX-License-Identifier: MIT */
#ifndef PEER_H
#define PEER_H

/*
 * What the tests of lib/ share: certificates, a listening socket, an OpenSSL peer in user space
 * that blocks, content that can be checked wherever one looks into it, and the kernel's counters.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include "ktls/counters.h"
#include "ktls/probe.h"
#include "tests/certificate.h"
#include "tests/ktap.h"

/* Make a context for one suite, and so for one version; NULL: the library's defaults. */
static inline SSL_CTX *peer_ctx(bool server, const char *suite)
{
	SSL_CTX *ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	bool tls13 = suite && !strncmp(suite, "TLS_", 4);

	CHECK(ctx);
	if (server)
		certificate_use(ctx, EVP_EC_gen("P-256"));
	if (suite) {
		SSL_CTX_set_min_proto_version(ctx, tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
		SSL_CTX_set_max_proto_version(ctx, tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
		CHECK(tls13 ? SSL_CTX_set_ciphersuites(ctx, suite) :
			      SSL_CTX_set_cipher_list(ctx, suite));
	}
	return ctx;
}

static inline int peer_listen(uint16_t *port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);

	CHECK(fd >= 0 && !bind(fd, (struct sockaddr *)&addr, sizeof(addr)) && !listen(fd, 512));
	CHECK(!getsockname(fd, (struct sockaddr *)&addr, &len));
	*port = ntohs(addr.sin_port);
	return fd;
}

static inline int peer_tcp(uint16_t port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				    .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP), one = 1;

	CHECK(fd >= 0 && !connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	/* Without this a small write that follows another waits 40 ms for a delayed
	 * acknowledgement. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

/* Make both ends of a TCP connection. */
static inline void peer_sockets(int *fd, int *peer_fd)
{
	uint16_t port;
	int listener = peer_listen(&port);

	*peer_fd = peer_tcp(port);
	*fd = accept(listener, NULL, NULL);
	CHECK(*fd >= 0);
	close(listener);
}

/* Connect, and do the handshake. */
static inline SSL *peer_connect(SSL_CTX *ctx, uint16_t port)
{
	SSL *ssl = SSL_new(ctx);

	CHECK(ssl && SSL_set_fd(ssl, peer_tcp(port)));
	EQ(SSL_connect(ssl), 1);
	return ssl;
}

static inline void peer_free(SSL *ssl)
{
	int fd = SSL_get_fd(ssl);

	SSL_free(ssl);
	close(fd);
}

static inline void peer_wait(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	EQ(poll(&pfd, 1, 60000), 1);
}

/* The byte at a position of the stream that the tests send. */
static inline uint8_t peer_byte(uint64_t position)
{
	return (uint8_t)((position * 2654435761u) >> 13 ^ position >> 16);
}

static inline void peer_fill(uint8_t *buf, size_t len, uint64_t position)
{
	for (size_t i = 0; i < len; i++)
		buf[i] = peer_byte(position + i);
}

/* Read exactly len bytes of the stream, which begin at position. */
static inline void peer_expect(SSL *ssl, uint64_t position, uint64_t len)
{
	uint8_t buf[16384], want[16384];

	while (len) {
		int got = SSL_read(ssl, buf, len < sizeof(buf) ? (int)len : (int)sizeof(buf));

		if (got <= 0)
			FAIL("%llu bytes are missing at %llu (SSL error %d: %s)",
			     (unsigned long long)len, (unsigned long long)position,
			     SSL_get_error(ssl, got), ERR_error_string(ERR_peek_error(), NULL));
		peer_fill(want, (size_t)got, position);
		EQ_MEM(buf, want, (size_t)got);
		position += (uint64_t)got;
		len -= (uint64_t)got;
	}
}

/* Expect a close_notify next. */
static inline void peer_expect_end(SSL *ssl)
{
	uint8_t byte;

	EQ(SSL_read(ssl, &byte, 1), 0);
	EQ(SSL_get_error(ssl, 0), SSL_ERROR_ZERO_RETURN);
}

/* Can this kernel carry the suite? */
static inline bool peer_kernel_takes(const char *suite)
{
	const struct ktls_caps *caps = ktls_probe();
	const struct ktls_cipher *cipher;

	for (unsigned i = 0; caps->ulp && (cipher = ktls_cipher_at(i)); i++)
		if (!strcmp(cipher->name, suite))
			return caps->tx_ciphers >> i & caps->rx_ciphers >> i & 1;
	return false;
}

static inline struct ktls_counters peer_counters(void)
{
	struct ktls_counters counters = { 0 };

	ktls_counters_read(&counters);
	return counters;
}

/* Wait until a counter of another thread has reached count. */
static inline void peer_await(const int *counter, int count)
{
	while (__atomic_load_n(counter, __ATOMIC_ACQUIRE) < count)
		usleep(1000);
}

static inline int peer_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 4096; fd++)
		count += !(lseek(fd, 0, SEEK_CUR) < 0 && errno == EBADF);
	return count;
}

#endif
