// SPDX-License-Identifier: MIT
#include <stdbool.h>
#include <stdlib.h>
#include <openssl/ssl.h>
#include "tools/common/certificate.h"
#include "tools/common/log.h"
#include "tools/serve/hosts/hosts.h"
#include "tools/serve/hosts/sni.h"
#include "tools/serve/hosts/tls.h"

/* The host_name of the server_name extension (RFC 6066, section 3). NULL: the client sent none. */
static const char *sni_name(SSL *ssl, size_t *len)
{
	const unsigned char *data;
	size_t room;

	if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &room) || room < 5 ||
	    (size_t)(data[0] << 8 | data[1]) != room - 2 || data[2] != TLSEXT_NAMETYPE_host_name)
		return NULL;
	*len = (size_t)(data[3] << 8 | data[4]);
	return *len <= room - 5 ? (const char *)data + 5 : NULL;
}

/* SSL_set_SSL_CTX() replaces certificates, ciphers, issuers and ALPN. Versions, groups and the
 * verify mode were copied into the SSL when it was made: set them again. */
static bool sni_switch(SSL *ssl, const struct host *host)
{
	char *groups = config_texts_join(&host->config->groups);
	bool done = groups && SSL_set_SSL_CTX(ssl, host->ssl) == host->ssl &&
		    SSL_set_min_proto_version(ssl, SSL_CTX_get_min_proto_version(host->ssl)) &&
		    SSL_set_max_proto_version(ssl, SSL_CTX_get_max_proto_version(host->ssl)) &&
		    (!*groups || SSL_set1_groups_list(ssl, groups));

	if (done)
		SSL_set_verify(ssl, SSL_CTX_get_verify_mode(host->ssl), NULL);
	free(groups);
	return done;
}

/* The ClientHello callback runs before libssl chooses a version, so that each host may have its
 * own. */
static int sni_hello(SSL *ssl, int *alert, void *user)
{
	struct hosts *hosts = hosts_current_get(user);
	size_t len = 0;
	const char *name = sni_name(ssl, &len);
	bool done = sni_switch(ssl, hosts_find(hosts, name ? name : "", len));

	hosts_put(hosts);
	*alert = SSL_AD_INTERNAL_ERROR;
	return done ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_ERROR;
}

/* Acknowledge the server_name: without it a resumed TLS 1.2 session has no name. */
static int sni_acknowledge(SSL *ssl, int *alert, void *user)
{
	(void)ssl;
	(void)alert;
	(void)user;
	return SSL_TLSEXT_ERR_OK;
}

SSL_CTX *host_sni_front(struct hosts_current *current)
{
	SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());

	if (!ssl || !SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION)) {
		log_line("cannot set up TLS: %s", certificate_error());
		SSL_CTX_free(ssl);
		return NULL;
	}
	host_tls_groups_default(ssl);
	SSL_CTX_set_options(ssl, SSL_OP_CIPHER_SERVER_PREFERENCE);
	/* A ticket costs 6 % of a handshake; one is enough, as each connection brings a new one. */
	SSL_CTX_set_num_tickets(ssl, 1);
	/* Tickets resume sessions; a cache would only take memory. */
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_client_hello_cb(ssl, sni_hello, current);
	SSL_CTX_set_tlsext_servername_callback(ssl, sni_acknowledge);
	return ssl;
}
