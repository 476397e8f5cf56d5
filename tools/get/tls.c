// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/ssl.h>
#include "tools/common/certificate.h"
#include "tools/get/tls.h"
#include "tools/common/log.h"
#include "tools/tools.h"

/* Keep a session, unless it is a late ticket of another server: the name that was sent tells. */
static int get_tls_session(SSL *ssl, SSL_SESSION *session)
{
	struct get_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	if (!tls->host || !name || strncmp(tls->host, name, strlen(name)) ||
	    tls->host[strlen(name)] != ' ')
		return 0;
	SSL_SESSION_free(tls->session);
	tls->session = session;
	return 1;
}

void get_tls_expect(struct get_tls *tls, const struct url *url)
{
	char *host;

	if (asprintf(&host, "%s %s", url->host, url->port) < 0)
		host = NULL;
	if (!host || !tls->host || strcmp(host, tls->host)) {
		SSL_SESSION_free(tls->session);
		tls->session = NULL;
	}
	free(tls->host);
	tls->host = host;
}

static int get_tls_trust(struct get_tls *tls, const struct get_options *options)
{
	if (options->insecure)
		return 0;
	SSL_CTX_set_verify(tls->ssl, SSL_VERIFY_PEER, NULL);
	if (options->ca && !SSL_CTX_load_verify_locations(tls->ssl, options->ca, NULL)) {
		log_line("--ca %s: %s; give a file of certificates in PEM form", options->ca,
			 certificate_error());
		return TOOLS_FAILED;
	}
	if (!options->ca && !SSL_CTX_set_default_verify_paths(tls->ssl)) {
		log_line("the system's certificate authorities cannot be loaded: %s; "
			 "give --ca FILE", certificate_error());
		return TOOLS_FAILED;
	}
	return 0;
}

static bool get_tls_policy(SSL_CTX *ssl)
{
	static const unsigned char alpn[] = "\x08http/1.1";

	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ssl, get_tls_session);
	return SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) &&
	       !SSL_CTX_set_alpn_protos(ssl, alpn, sizeof(alpn) - 1);
}

static int get_tls_context(struct get_tls *tls, const struct get_options *options)
{
	struct tlsring_ctx_options ours = { .size = sizeof(ours), .offload = options->offload };
	int ret = tlsring_ctx_new(&tls->ctx, tls->ssl, &ours);
	char text[160];

	if (!ret)
		return 0;
	log_line("cannot set up TLS: %s%s", tlsring_strerror(ret, text, sizeof(text)),
		 ret == -EOPNOTSUPP ? "; --offload require needs kernel TLS, see `tlsring doctor`" :
				      "");
	return TOOLS_FAILED;
}

int get_tls_open(struct get_tls *tls, const struct get_options *options)
{
	int ret;

	*tls = (struct get_tls){ .ssl = SSL_CTX_new(TLS_client_method()) };
	if (!tls->ssl || !get_tls_policy(tls->ssl)) {
		log_line("cannot set up TLS: %s", certificate_error());
		return TOOLS_FAILED;
	}
	SSL_CTX_set_app_data(tls->ssl, tls);
	ret = get_tls_trust(tls, options);
	if (!ret && options->cert && certificate_load(tls->ssl, options->cert, options->key))
		ret = TOOLS_FAILED;
	return ret ? ret : get_tls_context(tls, options);
}

void get_tls_free(struct get_tls *tls)
{
	SSL_SESSION_free(tls->session);
	free(tls->host);
	tlsring_ctx_free(tls->ctx);
	SSL_CTX_free(tls->ssl);
	*tls = (struct get_tls){ 0 };
}
