/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_COMMON_CERTIFICATE_H
#define TOOLS_COMMON_CERTIFICATE_H

#include <time.h>
#include <openssl/types.h>

struct certificate {
	const char *file;		/* the caller's text; NULL: self-signed, made by us */
	time_t begins, ends;		/* its validity */
};

/* What OpenSSL has just failed for; clears it. */
const char *certificate_error(void);

/* These say on standard error what is wrong, or worth a warning. 0 or -1. */

/* The chain and the key of two PEM files. */
int certificate_load(SSL_CTX *ctx, const char *cert_file, const char *key_file);
/* A PEM file; messages about it begin with where: "CONFIG:LINE: " or "". */
struct certificate_pem {
	const char *file, *where;
};

/* The same with the place where each is configured; out keeps the certificate's file name. */
int certificate_load_files(SSL_CTX *ctx, const struct certificate_pem *cert, const struct certificate_pem *key,
			   struct certificate *out);
/* A self-signed certificate for localhost with a key of its own, the same each time; neither touches
 * a disk. Says what is wrong. 0 or -1. One thread. */
int certificate_make(SSL_CTX *ctx, struct certificate *out);
/* Say that it is self-signed, and by which fingerprint it is known. */
void certificate_announce(const SSL_CTX *ctx);
/* Warn when it has expired, will in 30 days, or is not valid yet. */
void certificate_warn(const struct certificate *certificate, const char *where);

#endif
