/* SPDX-License-Identifier: MIT */
#ifndef TICKETS_H
#define TICKETS_H

/* The last session of a client, kept to be resumed. */

#include "tests/lib/peer.h"

static SSL_SESSION *tickets_kept;

static inline int tickets_keep(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	SSL_SESSION_free(tickets_kept);
	tickets_kept = session;
	return 1;
}

static inline void tickets_forget(void)
{
	SSL_SESSION_free(tickets_kept);
	tickets_kept = NULL;
}

/* Take the kept session: the caller owns it. */
static inline SSL_SESSION *tickets_take(void)
{
	SSL_SESSION *session = tickets_kept;

	CHECK(session);
	tickets_kept = NULL;
	return session;
}

/* Keep sessions of the context. keep: tickets_keep(), or a filter that calls it. */
static inline void tickets_watch(SSL_CTX *client, int (*keep)(SSL *, SSL_SESSION *))
{
	SSL_CTX_set_session_cache_mode(client, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(client, keep);
}

#endif
