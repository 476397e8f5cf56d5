/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HOSTS_CERTIFICATES_H
#define TOOLS_SERVE_HOSTS_CERTIFICATES_H

#include <stddef.h>
#include <openssl/types.h>
#include "tools/common/certificate.h"
#include "tools/serve/config/config.h"

/*
 * Read a host's pairs of certificate and key into its SSL_CTX; without any a self-signed one is
 * made. *out: one row for each pair, in their order; the caller frees it, also after mistakes. Logs
 * each mistake. 0, or how many there are.
 */
unsigned host_certificates_load(SSL_CTX *ssl, const struct config *config,
				const struct config_host *host,
				struct certificate **out, size_t *count);
/* Warn of those that expire. */
void host_certificates_warn(const struct certificate *certificates, size_t count,
			    const struct config *config,
			    const struct config_host *host);

#endif
