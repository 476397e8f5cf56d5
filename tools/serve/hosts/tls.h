/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HOSTS_TLS_H
#define TOOLS_SERVE_HOSTS_TLS_H

#include <openssl/types.h>
#include "tools/serve/config/config.h"

/*
 * A host's SSL_CTX by its settings: versions, ciphers, groups, ALPN, client issuers; no certificate
 * yet. The caller frees *out, also after mistakes; NULL when libssl failed. Logs each mistake. 0,
 * or how many there are.
 */
unsigned host_tls_new(SSL_CTX **out, const struct config *config, const struct config_host *host);
/*
 * Unless openssl.cnf names groups: libssl's own without those of finite fields, of which one key
 * costs the server up to a hundred times as much as the others, and the client nothing
 * (CVE-2002-20001).
 */
void host_tls_groups_default(SSL_CTX *ssl);

#endif
