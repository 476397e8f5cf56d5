// SPDX-License-Identifier: MIT
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include "tools/common/certificate_self.h"
#include "tools/common/log.h"
#include "tools/serve/hosts/certificates.h"

/* Warn of each name of the host that the certificate does not have. */
static void certificates_names(X509 *cert, const struct config *config,
			       const struct config_host *host,
			       const struct config_text *file)
{
	char where[CONFIG_WHERE];

	for (size_t i = 0; i < host->names.count; i++) {
		const char *name = host->names.rows[i].text;

		/* X509_check_host() takes no pattern, but ".example.org" stands for any name
		 * below it. */
		if (X509_check_host(cert, *name == '*' ? name + 1 : name, 0, 0, NULL) == 1 ||
		    X509_check_ip_asc(cert, name, 0) == 1)
			continue;
		log_line("%swarning: the certificate %s is not for %s: clients will refuse it",
			 config_where(config, file->line, where), file->text, name);
	}
}

/* libssl keeps one pair for each kind of key: a second would replace the first. */
static int certificates_kind(const X509 *cert)
{
	return EVP_PKEY_get_base_id(X509_get0_pubkey(cert));
}

static bool certificates_first_of_kind(const X509 *cert, const struct config *config,
				       const struct config_host *host,
				       size_t index)
{
	const struct config_text *rows = host->certs.rows;
	char where[CONFIG_WHERE];
	bool first = true;

	for (size_t i = 0; i < index && first; i++) {
		FILE *stream = fopen(rows[i].text, "re");
		X509 *other = stream ? PEM_read_X509(stream, NULL, NULL, NULL) : NULL;

		if (stream)
			fclose(stream);
		first = !other || certificates_kind(other) != certificates_kind(cert);
		if (!first)
			log_line("%sthe certificate %s has the same kind of key as %s: "
				 "only one can be used",
				 config_where(config, rows[index].line, where), rows[index].text,
				 rows[i].text);
		X509_free(other);
	}
	return first;
}

static unsigned certificates_load_pair(SSL_CTX *ssl, const struct config *config,
				       const struct config_host *host,
				       size_t index, struct certificate *out)
{
	const struct config_text *cert = &host->certs.rows[index], *key = &host->keys.rows[index];
	char cert_where[CONFIG_WHERE], key_where[CONFIG_WHERE];
	const struct certificate_pem cert_pem = { cert->text,
						  config_where(config, cert->line, cert_where) };
	const struct certificate_pem key_pem = { key->text,
						 config_where(config, key->line, key_where) };

	if (certificate_load_files(ssl, &cert_pem, &key_pem, out))
		return 1;
	certificates_names(SSL_CTX_get0_certificate(ssl), config, host, cert);
	return !certificates_first_of_kind(SSL_CTX_get0_certificate(ssl), config, host, index);
}

/* Where the self-signed certificate is kept, by the XDG base directories; NULL: nowhere. */
static const char *certificates_kept(char buf[PATH_MAX])
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	bool absolute = state && *state == '/';
	int len;

	if (!absolute && (!home || *home != '/' || access(home, W_OK)))
		return NULL;
	len = snprintf(buf, PATH_MAX, "%s%s/tlsring/localhost.pem", absolute ? state : home,
		       absolute ? "" : "/.local/state");
	return len < PATH_MAX ? buf : NULL;
}

unsigned host_certificates_load(SSL_CTX *ssl, const struct config *config,
				const struct config_host *host,
				struct certificate **out, size_t *count)
{
	struct certificate *certificates = calloc(host->certs.count + 1, sizeof(*certificates));
	unsigned mistakes = 0;
	char kept[PATH_MAX];

	*out = certificates;
	*count = 0;
	if (!certificates) {
		log_line("cannot load the certificates: %s", strerror(ENOMEM));
		return 1;
	}
	for (size_t i = 0; i < host->certs.count && i < host->keys.count; i++)
		mistakes += certificates_load_pair(ssl, config, host, i, &certificates[(*count)++]);
	if (!host->certs.count)
		mistakes += certificate_self_use(ssl, certificates_kept(kept),
						 &certificates[(*count)++]) != 0;
	return mistakes;
}

void host_certificates_warn(const struct certificate *certificates, size_t count,
			    const struct config *config,
			    const struct config_host *host)
{
	char where[CONFIG_WHERE];

	for (size_t i = 0; i < count && i < host->certs.count; i++)
		certificate_warn(&certificates[i],
				 config_where(config, host->certs.rows[i].line, where));
}
