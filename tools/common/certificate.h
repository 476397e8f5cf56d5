/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_COMMON_CERTIFICATE_H
#define TOOLS_COMMON_CERTIFICATE_H

/* Certificates and keys in PEM files. Errors and warnings are printed on standard error. */

#include <time.h>
#include <openssl/types.h>

struct certificate {
	const char *file;		/* the caller's text; NULL: self-signed, made by us */
	time_t begins, ends;		/* its validity */
};

/* A sentence for OpenSSL's latest error, which is cleared. */
const char *certificate_error(void);

/* Load a certificate chain and its key. 0 or -1. */
int certificate_load(SSL_CTX *ctx, const char *cert_file, const char *key_file);
/* A PEM file; messages about it begin with where: "CONFIG:LINE: " or "". */
struct certificate_pem {
	const char *file, *where;
};

/* The same for files that a configuration names; *out keeps a pointer to the certificate's name. */
int certificate_load_files(SSL_CTX *ctx, const struct certificate_pem *cert,
			   const struct certificate_pem *key, struct certificate *out);
/* Fill in the validity of a certificate; keeps a pointer to file. */
void certificate_describe(struct certificate *out, const X509 *cert, const char *file);
/* Warn when it has expired, expires within 30 days, or is not valid yet. */
void certificate_warn(const struct certificate *certificate, const char *where);

#endif
