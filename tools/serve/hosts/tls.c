// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include "tools/common/certificate.h"
#include "tools/serve/hosts/tls.h"
#include "tools/serve/hosts/hosts.h"
#include "tools/common/log.h"

static int tls_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
		    const unsigned char *in, unsigned in_len, void *arg)
{
	static const unsigned char ours[] = "\x02h2\x08http/1.1\x08http/1.0";
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, in, in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* ---- a host ---- */

/* One of libssl's lists, from the host's parts or ours; NULL: libssl's own. */
static unsigned tls_list(SSL_CTX *ssl, const struct config *config, const struct config_texts *texts,
			 const char *name, const char *ours, int (*set)(SSL_CTX *ssl, const char *list))
{
	char *joined = config_join(texts), where[CONFIG_WHERE];
	unsigned mistakes = 0;

	if (!joined)
		return 1;
	if ((texts->count || ours) && set(ssl, texts->count ? joined : ours) != 1) {
		log_line("%s%s %s: %s; `openssl ciphers` and openssl-ecparam(1) list what there is",
			 config_where(config, texts->count ? texts->rows[0].line : 0, where), name, joined, certificate_error());
		mistakes++;
	}
	free(joined);
	return mistakes;
}

static int tls_groups(SSL_CTX *ssl, const char *list)
{
	return (int)SSL_CTX_set1_groups_list(ssl, list);
}

/* The administrator's word in openssl.cnf, which libssl follows. */
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
		found = NCONF_get_string(conf, section, "Groups") || NCONF_get_string(conf, section, "Curves");
	NCONF_free(conf);
	OPENSSL_free(file);
	ERR_clear_error();
	return found;
}

/* libssl's own but those of finite fields, of which a key costs the server up to a hundred times as much as
 * of the others, and whoever asks for it nothing (CVE-2002-20001). */
static void tls_groups_default(SSL_CTX *ssl)
{
	if (tls_groups_configured())
		return;
	/* From OpenSSL 3.5 on; else its list of before. Where that has what is forbidden, all stays. */
	if (SSL_CTX_set1_groups_list(ssl, "DEFAULT:-ffdhe2048:-ffdhe3072") != 1)
		SSL_CTX_set1_groups_list(ssl, "X25519:P-256:X448:P-521:P-384");
	ERR_clear_error();
}

/* AES-GCM first: every kernel with TLS carries it. */
static unsigned tls_policy(SSL_CTX *ssl, const struct config *config, const struct config_host *host)
{
	unsigned mistakes = 0;

	tls_groups_default(ssl);
	SSL_CTX_set_alpn_select_cb(ssl, tls_alpn, NULL);
	SSL_CTX_set_min_proto_version(ssl, host->tls_min == CONFIG_TLS_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
	mistakes += tls_list(ssl, config, &host->ciphers, "ciphers", "ECDHE+AESGCM:ECDHE+CHACHA20",
			     SSL_CTX_set_cipher_list);
	mistakes += tls_list(ssl, config, &host->suites, "ciphersuites", "TLS_AES_128_GCM_SHA256:"
			     "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256", SSL_CTX_set_ciphersuites);
	return mistakes + tls_list(ssl, config, &host->groups, "groups", NULL, tls_groups);
}

static unsigned tls_certificates(struct host *host, const struct config *config)
{
	const struct config_host *asked = host->config;
	unsigned mistakes = 0;

	host->certificates = calloc(asked->certs.count + 1, sizeof(*host->certificates));
	if (!host->certificates)
		return 1;
	for (size_t i = 0; i < asked->certs.count && i < asked->keys.count; i++)
		mistakes += certificate_load_host(host->ssl, config, asked, i,
						  &host->certificates[host->certificate_count++]) != 0;
	if (!asked->certs.count)
		mistakes += certificate_make(host->ssl, &host->certificates[host->certificate_count++]) != 0;
	return mistakes;
}

static unsigned tls_clients(SSL_CTX *ssl, const struct config *config, const struct config_host *host)
{
	const char *file = host->client_ca.text;
	STACK_OF(X509_NAME) *names;
	char where[CONFIG_WHERE];

	if (!file)
		return 0;
	names = SSL_load_client_CA_file(file);
	if (!names || SSL_CTX_load_verify_file(ssl, file) != 1) {
		log_line("%scannot use the issuers in %s: %s; they must be in PEM form",
			 config_where(config, host->client_ca.line, where), file, certificate_error());
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return 1;
	}
	SSL_CTX_set_client_CA_list(ssl, names);
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | (host->client_optional ? 0 : SSL_VERIFY_FAIL_IF_NO_PEER_CERT),
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

/* A session is resumed by the host that it began with only, and only while the same issuers vouch
 * for clients: who they were is not asked again. Servers that share ticket keys agree on it. */
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
		EVP_DigestUpdate(digest, host->names.rows[i].text, strlen(host->names.rows[i].text) + 1);
	EVP_DigestUpdate(digest, host->client_optional ? "?" : "!", 1);
	done = tls_digest_file(digest, host->client_ca.text) && EVP_DigestFinal_ex(digest, id, &len) &&
	       SSL_CTX_set_session_id_context(ssl, id, len);
	EVP_MD_CTX_free(digest);
	return done;
}

unsigned host_tls_new(struct host *host, const struct config *config)
{
	unsigned mistakes;

	host->ssl = SSL_CTX_new_ex(NULL, config->handshake_provider == CONFIG_PROVIDER_TLSRING ? "?provider=tlsring" :
				   NULL, TLS_server_method());
	if (!host->ssl) {
		log_line("cannot set up TLS: %s", certificate_error());
		return 1;
	}
	mistakes = tls_policy(host->ssl, config, host->config) + tls_certificates(host, config) +
		   tls_clients(host->ssl, config, host->config);
	if (!mistakes && !tls_session_context(host->ssl, host->config)) {
		log_line("cannot set up TLS: %s", certificate_error());
		mistakes++;
	}
	return mistakes;
}

/* ---- the front ---- */

/* The host_name of a server_name extension (RFC 6066, 3); NULL: none. */
static const char *tls_sni(SSL *ssl, size_t *len)
{
	const unsigned char *data;
	size_t room;

	if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &room) || room < 5 ||
	    (size_t)(data[0] << 8 | data[1]) != room - 2 || data[2] != TLSEXT_NAMETYPE_host_name)
		return NULL;
	*len = (size_t)(data[3] << 8 | data[4]);
	return *len <= room - 5 ? (const char *)data + 5 : NULL;
}

/* SSL_set_SSL_CTX() brings certificates, ciphers, issuers and ALPN along; the SSL has copies of the
 * rest. */
static bool tls_switch(SSL *ssl, const struct host *host)
{
	char *groups = config_join(&host->config->groups);
	bool done = groups && SSL_set_SSL_CTX(ssl, host->ssl) == host->ssl &&
		    SSL_set_min_proto_version(ssl, SSL_CTX_get_min_proto_version(host->ssl)) &&
		    SSL_set_max_proto_version(ssl, SSL_CTX_get_max_proto_version(host->ssl)) &&
		    (!*groups || SSL_set1_groups_list(ssl, groups));

	if (done)
		SSL_set_verify(ssl, SSL_CTX_get_verify_mode(host->ssl), NULL);
	free(groups);
	return done;
}

/* Before the version is chosen, so that each host may have its own. */
static int tls_hello(SSL *ssl, int *alert, void *user)
{
	struct hosts *hosts = hosts_current_get(user);
	size_t len = 0;
	const char *name = tls_sni(ssl, &len);
	bool done = tls_switch(ssl, hosts_find(hosts, name ? name : "", len));

	hosts_put(hosts);
	*alert = SSL_AD_INTERNAL_ERROR;
	return done ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_ERROR;
}

/* Says that the name was looked at: else a resumed session of TLS 1.2 would have none. */
static int tls_named(SSL *ssl, int *alert, void *user)
{
	(void)ssl;
	(void)alert;
	(void)user;
	return SSL_TLSEXT_ERR_OK;
}

SSL_CTX *host_tls_front(struct hosts_current *current)
{
	SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());

	if (!ssl || !SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION)) {
		log_line("cannot set up TLS: %s", certificate_error());
		SSL_CTX_free(ssl);
		return NULL;
	}
	tls_groups_default(ssl);
	SSL_CTX_set_options(ssl, SSL_OP_CIPHER_SERVER_PREFERENCE);
	/* Each costs 6 % of a handshake, and a client gets a new one with every connection. */
	SSL_CTX_set_num_tickets(ssl, 1);
	/* Tickets resume sessions; the cache would only hold memory. */
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_client_hello_cb(ssl, tls_hello, current);
	SSL_CTX_set_tlsext_servername_callback(ssl, tls_named);
	return ssl;
}
