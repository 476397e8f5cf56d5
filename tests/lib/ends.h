/* SPDX-License-Identifier: MIT */
#ifndef ENDS_H
#define ENDS_H

/* Both ends of a connection in one thread: ours, and an SSL of libssl's in user space. */

#include <fcntl.h>
#include "lib/tlsring.h"
#include "tests/lib/peer.h"

struct ends {
	SSL_CTX *our_ctx, *peer_ctx;
	struct tlsring_ctx *ctx;
	struct tlsring_session *session;
	SSL *ours, *peer;
	int fd, peer_fd;
	bool server;			/* our role */
};

static inline void ends_prepare(struct ends *e, bool server, const char *suite,
				const struct tlsring_ctx_options *options)
{
	*e = (struct ends){ .server = server };
	e->our_ctx = peer_ctx(server, suite);
	e->peer_ctx = peer_ctx(!server, suite);
	EQ(tlsring_ctx_new(&e->ctx, e->our_ctx, options), 0);
}

/* Connect, without the handshake. */
static inline void ends_connect(struct ends *e)
{
	peer_sockets(&e->fd, &e->peer_fd);
	fcntl(e->fd, F_SETFL, O_NONBLOCK);
	fcntl(e->peer_fd, F_SETFL, O_NONBLOCK);
	e->ours = SSL_new(e->our_ctx);
	e->peer = SSL_new(e->peer_ctx);
	EQ(tlsring_watch(e->ours), 0);
	SSL_set_fd(e->ours, e->fd);
	SSL_set_fd(e->peer, e->peer_fd);
	e->server ? SSL_set_accept_state(e->ours) : SSL_set_connect_state(e->ours);
	e->server ? SSL_set_connect_state(e->peer) : SSL_set_accept_state(e->peer);
}

static inline void ends_open(struct ends *e, bool server, const char *suite,
			     const struct tlsring_ctx_options *options)
{
	ends_prepare(e, server, suite, options);
	ends_connect(e);
}

static inline void ends_shake(struct ends *e)
{
	int ours, peer;

	do {
		ours = tlsring_handshake(e->ours);
		CHECK(ours >= 0);
		peer = SSL_do_handshake(e->peer);
	} while (ours || peer != 1);
	EQ(tlsring_session_new(&e->session, e->ctx, e->ours, e->fd), 0);
}

/* Close the connection; our SSL is the session's. */
static inline void ends_disconnect(struct ends *e)
{
	tlsring_session_free(e->session);
	SSL_free(e->peer);
	close(e->fd);
	close(e->peer_fd);
}

static inline void ends_free(struct ends *e)
{
	ends_disconnect(e);
	tlsring_ctx_free(e->ctx);
	SSL_CTX_free(e->our_ctx);
	SSL_CTX_free(e->peer_ctx);
}

#endif
