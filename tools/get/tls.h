/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_GET_TLS_H
#define TOOLS_GET_TLS_H

#include <openssl/types.h>
#include "tools/get/options.h"

/* TLS settings and session, shared by all connections of one run. */
struct get_tls {
	SSL_CTX *ssl;
	struct tlsring_ctx *ctx;
	struct ssl_session_st *session;		/* the newest of `host`, or NULL */
	char *host;			/* owned: its server's name and port */
};

/* 0, or an exit status after a message on standard error. Call get_tls_free() in any case. The
 * structure must not move. */
int get_tls_open(struct get_tls *tls, const struct get_options *options);
/* Keep the sessions of this server from now on; forget those of another. */
void get_tls_expect(struct get_tls *tls, const struct url *url);
void get_tls_free(struct get_tls *tls);

#endif
