// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include "tools/common/certificate.h"
#include "tools/common/clock.h"
#include "tools/common/log.h"

#define CERTIFICATE_NOTICE	30	/* days before its end that a warning is printed */

const char *certificate_error(void)
{
	unsigned long first = ERR_peek_error();
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	/* For a failed system call the last error only says "system lib". */
	if (ERR_SYSTEM_ERROR(first))
		reason = strerror(ERR_GET_REASON(first));
	ERR_clear_error();
	return reason ? reason : "unknown error";
}

/* Open a PEM file. OpenSSL's own errors do not tell "no such file" from "no certificate in it". */
static FILE *certificate_open(const char *where, const char *what, const char *file)
{
	FILE *stream = fopen(file, "re");
	int error = errno;
	struct stat st;

	if (stream && !fstat(fileno(stream), &st) && S_ISDIR(st.st_mode)) {
		fclose(stream);
		stream = NULL;
		error = EISDIR;
	}
	if (!stream)
		log_line("%scannot read the %s %s: %s", where, what, file, strerror(error));
	return stream;
}

static int certificate_chain(SSL_CTX *ctx, const char *where, const char *file)
{
	FILE *stream = certificate_open(where, "certificate", file);

	if (!stream)
		return -1;
	fclose(stream);
	if (SSL_CTX_use_certificate_chain_file(ctx, file) == 1)
		return 0;
	log_line("%scannot use the certificate %s: %s; it must be in PEM form, the server's own "
		 "first",
		 where, file, certificate_error());
	return -1;
}

static int certificate_password(char *buf, int size, int rwflag, void *asked)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	*(bool *)asked = true;
	return -1;
}

static void certificate_mode(FILE *stream, const char *where, const char *file)
{
	struct stat st;

	if (!fstat(fileno(stream), &st) && st.st_mode & (S_IROTH | S_IWOTH))
		log_line("%swarning: others may %s the key %s: chmod o-rw %s", where,
			 st.st_mode & S_IWOTH ? "change" : "read", file, file);
}

static int certificate_key(SSL_CTX *ctx, const char *where, const char *file, const char *cert_file)
{
	FILE *stream = certificate_open(where, "key", file);
	bool encrypted = false;
	EVP_PKEY *key;
	int ret = -1;

	if (!stream)
		return -1;
	certificate_mode(stream, where, file);
	key = PEM_read_PrivateKey(stream, NULL, certificate_password, &encrypted);
	fclose(stream);
	if (encrypted)
		log_line("%sthe key %s is encrypted: decrypt it with openssl pkey -in %s -out "
			 "NEW.key",
			 where, file, file);
	else if (!key)
		log_line("%scannot use the key %s: %s; it must be in PEM form", where, file,
			 certificate_error());
	else if (!X509_check_private_key(SSL_CTX_get0_certificate(ctx), key))
		log_line("%sthe key %s does not belong to the certificate %s: give the pair that "
			 "was issued together",
			 where, file, cert_file);
	else if (SSL_CTX_use_PrivateKey(ctx, key) != 1)
		log_line("%scannot use the key %s: %s", where, file, certificate_error());
	else
		ret = 0;
	EVP_PKEY_free(key);
	ERR_clear_error();
	return ret;
}

/* ---- validity ---- */

static time_t certificate_time(const ASN1_TIME *when)
{
	struct tm tm;

	return ASN1_TIME_to_tm(when, &tm) ? timegm(&tm) : 0;
}

void certificate_describe(struct certificate *out, const X509 *cert, const char *file)
{
	*out = (struct certificate){
		.file = file,
		.begins = certificate_time(X509_get0_notBefore(cert)),
		.ends = certificate_time(X509_get0_notAfter(cert)),
	};
}

void certificate_warn(const struct certificate *certificate, const char *where)
{
	char date[CLOCK_ISO];
	time_t now = time(NULL);

	if (!certificate->file)
		return;
	if (certificate->ends < now)
		log_line("%swarning: the certificate %s expired on %.10s: clients will refuse it, "
			 "renew it",
			 where, certificate->file, clock_iso(certificate->ends, date));
	else if (certificate->begins > now)
		log_line("%swarning: the certificate %s is not valid before %.10s: check this "
			 "machine's clock",
			 where, certificate->file, clock_iso(certificate->begins, date));
	else if (certificate->ends - now < CERTIFICATE_NOTICE * 24 * 3600)
		log_line("%swarning: the certificate %s expires on %.10s: renew it", where,
			 certificate->file, clock_iso(certificate->ends, date));
}

/* ---- files ---- */

int certificate_load_files(SSL_CTX *ctx, const struct certificate_pem *cert,
			   const struct certificate_pem *key, struct certificate *out)
{
	if (certificate_chain(ctx, cert->where, cert->file) ||
	    certificate_key(ctx, key->where, key->file, cert->file))
		return -1;
	certificate_describe(out, SSL_CTX_get0_certificate(ctx), cert->file);
	certificate_warn(out, cert->where);
	return 0;
}

int certificate_load(SSL_CTX *ctx, const char *cert_file, const char *key_file)
{
	const struct certificate_pem cert = { cert_file, "" }, key = { key_file, "" };
	struct certificate certificate;

	return certificate_load_files(ctx, &cert, &key, &certificate);
}

/* ---- self-signed ---- */
