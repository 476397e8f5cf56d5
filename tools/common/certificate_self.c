// SPDX-License-Identifier: MIT
/* A self-signed certificate for localhost, for those who have none. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include "tools/common/certificate.h"
#include "tools/common/certificate_self.h"
#include "tools/common/log.h"

#define SELF_DAYS	90

static bool self_extend(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	bool done = extension && X509_add_ext(cert, extension, -1);

	X509_EXTENSION_free(extension);
	return done;
}

static bool self_serial(X509 *cert)
{
	BIGNUM *number = BN_new();
	bool done = number && BN_rand(number, 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
		    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));

	BN_free(number);
	return done;
}

static bool self_fill(X509 *cert, EVP_PKEY *key)
{
	X509_NAME *name = X509_get_subject_name(cert);

	return X509_set_version(cert, X509_VERSION_3) && self_serial(cert) &&
	       /* The client's clock may be slow. */
	       X509_gmtime_adj(X509_getm_notBefore(cert), -3600) &&
	       X509_gmtime_adj(X509_getm_notAfter(cert), SELF_DAYS * 24 * 3600L) &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
					  (const unsigned char *)"localhost", -1, -1, 0) &&
	       X509_set_issuer_name(cert, name) && X509_set_pubkey(cert, key) &&
	       self_extend(cert, NID_subject_alt_name,
				  "DNS:localhost,IP:127.0.0.1,IP:::1") &&
	       self_extend(cert, NID_basic_constraints, "critical,CA:FALSE") &&
	       self_extend(cert, NID_key_usage, "critical,digitalSignature") &&
	       self_extend(cert, NID_ext_key_usage, "serverAuth") &&
	       X509_sign(cert, key, EVP_sha256());
}

/* The same for all hosts and reloads, so that the fingerprint that users have trusted stays. */
static struct {
	EVP_PKEY *key;
	X509 *cert;
	char file[PATH_MAX];		/* where it is kept; "": nowhere */
} self;

static void self_free(void)
{
	EVP_PKEY_free(self.key);
	X509_free(self.cert);
	self.key = NULL;
	self.cert = NULL;
	self.file[0] = '\0';
}

static bool self_lasts(void)
{
	struct certificate certificate;

	if (!self.cert)
		return false;
	certificate_describe(&certificate, self.cert, NULL);
	return certificate.ends > time(NULL) + 24 * 3600;
}

static bool self_make(void)
{
	self_free();
	self.key = EVP_EC_gen("P-256");
	self.cert = X509_new();
	return self.key && self.cert && self_fill(self.cert, self.key);
}

/* ---- its file: the certificate, then the key ---- */

/* False: there is none, or it is of no use; one is made then. */
static bool self_load(const char *file)
{
	FILE *stream = fopen(file, "re");
	bool done;

	if (!stream)
		return false;
	self_free();
	self.cert = PEM_read_X509(stream, NULL, NULL, NULL);
	self.key = PEM_read_PrivateKey(stream, NULL, NULL, NULL);
	fclose(stream);
	done = self.cert && self.key && X509_check_private_key(self.cert, self.key) && self_lasts();
	ERR_clear_error();
	if (done)
		snprintf(self.file, sizeof(self.file), "%s", file);
	return done;
}

static void self_make_folders(char *file)
{
	for (char *slash = strchr(file + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(file, 0700);
		*slash = '/';
	}
}

/* Written beside its place and renamed, so that nobody reads half of it. */
static void self_save(const char *file)
{
	char fresh[PATH_MAX];
	FILE *stream;
	bool done;
	int fd;

	if (snprintf(fresh, sizeof(fresh), "%s.XXXXXX", file) >= (int)sizeof(fresh))
		return;
	self_make_folders(fresh);
	fd = mkostemp(fresh, O_CLOEXEC);	/* mode 0600 */
	stream = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!stream) {
		if (fd >= 0)
			close(fd);
		return;
	}
	done = PEM_write_X509(stream, self.cert) &&
	       PEM_write_PrivateKey(stream, self.key, NULL, NULL, 0, NULL, NULL);
	if (fclose(stream) || !done || rename(fresh, file))
		unlink(fresh);
	else
		snprintf(self.file, sizeof(self.file), "%s", file);
}

/* ---- the whole ---- */

static bool self_get(const char *file)
{
	if (self_lasts() || (file && self_load(file)))
		return true;
	if (!self_make())
		return false;
	if (file)
		self_save(file);
	return true;
}

int certificate_self_use(SSL_CTX *ctx, const char *file, struct certificate *out)
{
	if (self_get(file) && SSL_CTX_use_certificate(ctx, self.cert) == 1 &&
	    SSL_CTX_use_PrivateKey(ctx, self.key) == 1) {
		certificate_describe(out, self.cert, NULL);
		return 0;
	}
	log_line("cannot make a certificate: %s", certificate_error());
	return -1;
}

void certificate_self_announce(void)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char text[3 * EVP_MAX_MD_SIZE + 1] = "";
	unsigned len = 0;

	X509_digest(self.cert, EVP_sha256(), digest, &len);
	for (unsigned i = 0; i < len; i++)
		sprintf(text + 3 * i, i + 1 < len ? "%02X:" : "%02X", digest[i]);
	log_line("certificate: self-signed for localhost, %s%s (browsers will warn; --cert and "
		 "--key give another); SHA-256 %s",
		 *self.file ? "kept in " : "made for this run", self.file, text);
}
