/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HOSTS_TLS_H
#define TOOLS_SERVE_HOSTS_TLS_H

#include <openssl/types.h>
#include "tools/serve/config/config.h"

struct host;
struct hosts_current;

/* Fills in the host's SSL_CTX and certificates, after its configuration. Says each mistake on standard
 * error. 0, or how many there are. */
unsigned host_tls_new(struct host *host, const struct config *config);
/*
 * What all connections begin with: gives each to the host of the current set that the client names.
 * current must outlive it. NULL: libssl failed.
 */
SSL_CTX *host_tls_front(struct hosts_current *current);

#endif
