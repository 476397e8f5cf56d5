/* SPDX-License-Identifier: MIT */
#ifndef TICKETS_H
#define TICKETS_H

/* A client's last session, kept to be resumed. */

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

/* The caller's from now on. */
static inline SSL_SESSION *tickets_take(void)
{
	SSL_SESSION *session = tickets_kept;

	CHECK(session);
	tickets_kept = NULL;
	return session;
}

/* keep: tickets_keep(), or what calls it for some. */
static inline void tickets_watch(SSL_CTX *client, int (*keep)(SSL *, SSL_SESSION *))
{
	SSL_CTX_set_session_cache_mode(client, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(client, keep);
}

#endif
