/* SPDX-License-Identifier: MIT */
#ifndef EARLY_H
#define EARLY_H

/* Shared by the tests of early data: contexts that permit it, tickets, and libssl's client. */

#include "tests/lib/tickets.h"

#define SUITE	"TLS_AES_128_GCM_SHA256"
#define EARLY	9000	/* bytes, written in two pieces */
#define MORE	300000
#define PERMIT	16384

static inline int keep(SSL *ssl, SSL_SESSION *session)
{
	return SSL_SESSION_get_max_early_data(session) == PERMIT && tickets_keep(ssl, session);
}

static inline SSL_CTX *client_ctx(void)
{
	SSL_CTX *ctx = peer_ctx(false, SUITE);

	tickets_watch(ctx, keep);
	return ctx;
}

static inline SSL_CTX *server_ctx(void)
{
	SSL_CTX *ctx = peer_ctx(true, SUITE);

	SSL_CTX_set_max_early_data(ctx, PERMIT);
	SSL_CTX_set_num_tickets(ctx, 1);
	return ctx;
}

/* Copy a session: libssl lets a client use a ticket of TLS 1.3 only once, but does not know of
 * copies. */
static inline SSL_SESSION *copy(SSL_SESSION *session)
{
	SSL_SESSION *dup = SSL_SESSION_dup(session);

	CHECK(dup);
	return dup;
}

static inline void write_at(SSL *ssl, uint64_t position, size_t len)
{
	uint8_t buf[16384];

	CHECK(len <= sizeof(buf));
	peer_fill(buf, len, position);
	EQ(SSL_write(ssl, buf, (int)len), len);
}

/* What the server did with it: SSL_EARLY_DATA_*. Sent again if it was refused. wait, unless
 * NULL, is called between the first flight and the rest. */
static inline int begin_early(SSL *ssl, SSL_SESSION *session, void (*wait)(void *), void *arg)
{
	uint8_t buf[EARLY];
	size_t put;

	peer_fill(buf, sizeof(buf), 0);
	EQ(SSL_set_session(ssl, session), 1);
	EQ(SSL_write_early_data(ssl, buf, 5000, &put), 1);
	EQ(SSL_write_early_data(ssl, buf + 5000, EARLY - 5000, &put), 1);
	if (wait)
		wait(arg);
	EQ(SSL_connect(ssl), 1);
	if (SSL_get_early_data_status(ssl) == SSL_EARLY_DATA_REJECTED)
		write_at(ssl, 0, EARLY);
	return SSL_get_early_data_status(ssl);
}

#endif
