/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_COMMON_CERTIFICATE_H
#define TOOLS_COMMON_CERTIFICATE_H

#include <time.h>
#include <openssl/types.h>
#include "tools/serve/config/config.h"

struct certificate {
	const char *file;		/* the config's; NULL: made by us */
	unsigned line;			/* in the configuration */
	time_t begins, ends;		/* its validity */
};

/* What OpenSSL has just failed for; clears it. */
const char *certificate_error(void);

/* These say on standard error what is wrong, or worth a warning. 0 or -1. */

/* The chain and the key of two PEM files. */
int certificate_load(SSL_CTX *ctx, const char *cert_file, const char *key_file);
/* Those of a host with this index. */
int certificate_load_host(SSL_CTX *ctx, const struct config *config, const struct config_host *host,
			  size_t index, struct certificate *out);
/* A self-signed certificate for localhost with a key of its own, the same each time; neither touches
 * a disk. Says what is wrong. 0 or -1. One thread. */
int certificate_make(SSL_CTX *ctx, struct certificate *out);
/* Say that it is self-signed, and by which fingerprint it is known. */
void certificate_announce(const SSL_CTX *ctx);
/* Warn when it has expired, will in 30 days, or is not valid yet. */
void certificate_warn(const struct certificate *certificate, const struct config *config);

#endif
