/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HOSTS_SNI_H
#define TOOLS_SERVE_HOSTS_SNI_H

#include <openssl/types.h>

struct hosts_current;

/*
 * The SSL_CTX with which every connection begins: the ClientHello's name moves the connection to
 * the SSL_CTX of a host of the current set. current must outlive it. NULL: libssl failed, which was
 * logged.
 */
SSL_CTX *host_sni_front(struct hosts_current *current);

#endif
