// SPDX-License-Identifier: MIT
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include "tools/common/certificate.h"
#include "tools/common/log.h"
#include "tools/serve/hosts/tls.h"

static int tls_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
		    const unsigned char *in, unsigned in_len, void *arg)
{
	static const unsigned char ours[] = "\x02h2\x08http/1.1\x08http/1.0";
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, in, in_len) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* Sets one of libssl's lists to the host's parts, else to ours; libssl's own stays where both
 * are missing. */
static unsigned tls_list(SSL_CTX *ssl, const struct config *config,
			 const struct config_texts *texts,
			 const char *name, const char *ours,
			 int (*set)(SSL_CTX *ssl, const char *list))
{
	char *joined = config_texts_join(texts), where[CONFIG_WHERE];
	unsigned mistakes = 0;

	if (!joined)
		return 1;
	if ((texts->count || ours) && set(ssl, texts->count ? joined : ours) != 1) {
		log_line("%s%s %s: %s; `openssl ciphers` and openssl-ecparam(1) list what there is",
			 config_where(config, texts->count ? texts->rows[0].line : 0, where), name,
			 joined, certificate_error());
		mistakes++;
	}
	free(joined);
	return mistakes;
}

static int tls_groups(SSL_CTX *ssl, const char *list)
{
	return (int)SSL_CTX_set1_groups_list(ssl, list);
}

/* Does the administrator's openssl.cnf name groups? libssl follows it. */
static bool tls_groups_configured(void)
{
	char *file = CONF_get1_default_config_file();
	CONF *conf = NCONF_new(NULL);
	const char *section = NULL;
	bool found = false;

	if (conf && file && NCONF_load(conf, file, NULL) > 0) {
		section = NCONF_get_string(conf, NULL, "openssl_conf");
		section = section ? NCONF_get_string(conf, section, "ssl_conf") : NULL;
		section = section ? NCONF_get_string(conf, section, "system_default") : NULL;
	}
	if (section)
		found = NCONF_get_string(conf, section, "Groups") ||
			NCONF_get_string(conf, section, "Curves");
	NCONF_free(conf);
	OPENSSL_free(file);
	ERR_clear_error();
	return found;
}

void host_tls_groups_default(SSL_CTX *ssl)
{
	if (tls_groups_configured())
		return;
	/* The first form needs OpenSSL 3.5. Where FIPS or a policy forbids the second too,
	 * libssl's list stays. */
	if (SSL_CTX_set1_groups_list(ssl, "DEFAULT:-ffdhe2048:-ffdhe3072") != 1)
		SSL_CTX_set1_groups_list(ssl, "X25519:P-256:X448:P-521:P-384");
	ERR_clear_error();
}

/* AES-GCM comes first: every kernel with TLS has it. */
static unsigned tls_policy(SSL_CTX *ssl, const struct config *config,
			   const struct config_host *host)
{
	int version = host->tls_min == CONFIG_TLS_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
	unsigned mistakes = 0;

	host_tls_groups_default(ssl);
	SSL_CTX_set_alpn_select_cb(ssl, tls_alpn, NULL);
	SSL_CTX_set_min_proto_version(ssl, version);
	mistakes += tls_list(ssl, config, &host->ciphers, "ciphers", "ECDHE+AESGCM:ECDHE+CHACHA20",
			     SSL_CTX_set_cipher_list);
	mistakes += tls_list(ssl, config, &host->suites, "ciphersuites", "TLS_AES_128_GCM_SHA256:"
			     "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
			     SSL_CTX_set_ciphersuites);
	return mistakes + tls_list(ssl, config, &host->groups, "groups", NULL, tls_groups);
}

static unsigned tls_clients(SSL_CTX *ssl, const struct config *config,
			    const struct config_host *host)
{
	const char *file = host->client_ca.text;
	STACK_OF(X509_NAME) *names;
	char where[CONFIG_WHERE];

	if (!file)
		return 0;
	names = SSL_load_client_CA_file(file);
	if (!names || SSL_CTX_load_verify_file(ssl, file) != 1) {
		log_line("%scannot use the issuers in %s: %s; they must be in PEM form",
			 config_where(config, host->client_ca.line, where), file,
			 certificate_error());
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return 1;
	}
	SSL_CTX_set_client_CA_list(ssl, names);
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER |
			   (host->client_optional ? 0 : SSL_VERIFY_FAIL_IF_NO_PEER_CERT),
			   NULL);
	return 0;
}

static bool tls_digest_file(EVP_MD_CTX *digest, const char *path)
{
	char buf[4096];
	FILE *file = path ? fopen(path, "re") : NULL;
	size_t len;

	while (file && (len = fread(buf, 1, sizeof(buf), file)))
		EVP_DigestUpdate(digest, buf, len);
	if (file)
		fclose(file);
	return !path || file;
}

/* A resumed session asks for no client certificate, so only the host that began it may resume
 * it, and only with the same issuers. The digest is equal on all servers that share ticket
 * keys. */
static bool tls_session_context(SSL_CTX *ssl, const struct config_host *host)
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	unsigned char id[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	bool done;

	if (!digest)
		return false;
	EVP_DigestInit_ex(digest, EVP_sha256(), NULL);
	for (size_t i = 0; i < host->names.count; i++)
		EVP_DigestUpdate(digest, host->names.rows[i].text,
				 strlen(host->names.rows[i].text) + 1);
	EVP_DigestUpdate(digest, host->client_optional ? "?" : "!", 1);
	done = tls_digest_file(digest, host->client_ca.text) &&
	       EVP_DigestFinal_ex(digest, id, &len) &&
	       SSL_CTX_set_session_id_context(ssl, id, len);
	EVP_MD_CTX_free(digest);
	return done;
}

/* Policy and client issuers; the certificates are certificates.c's. */
unsigned host_tls_new(SSL_CTX **out, const struct config *config, const struct config_host *host)
{
	bool ours = config->handshake_provider == CONFIG_PROVIDER_TLSRING;
	SSL_CTX *ssl = SSL_CTX_new_ex(NULL, ours ? "?provider=tlsring" : NULL, TLS_server_method());
	unsigned mistakes;

	*out = ssl;
	if (!ssl) {
		log_line("cannot set up TLS: %s", certificate_error());
		return 1;
	}
	mistakes = tls_policy(ssl, config, host) + tls_clients(ssl, config, host);
	if (!mistakes && !tls_session_context(ssl, host)) {
		log_line("cannot set up TLS: %s", certificate_error());
		mistakes++;
	}
	return mistakes;
}
