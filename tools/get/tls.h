/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_GET_TLS_H
#define TOOLS_GET_TLS_H

#include <openssl/types.h>
#include "tools/get/options.h"

/* What all connections of one run share. */
struct get_tls {
	SSL_CTX *ssl;
	struct tlsring_ctx *ctx;
	struct ssl_session_st *session;		/* the newest of `host`, or NULL */
	char *host;			/* owned: its server's name and port */
};

/* 0, or the exit status, after a word on standard error. get_tls_free() in any case. The structure
 * must stay where it is. */
int get_tls_open(struct get_tls *tls, const struct get_options *options);
/* Sessions that come from now on are this server's. */
void get_tls_expect(struct get_tls *tls, const struct url *url);
void get_tls_free(struct get_tls *tls);

#endif
