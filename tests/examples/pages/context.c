// SPDX-License-Identifier: MIT
/* Contexts of a server: context CERTIFICATE KEY TICKET-KEYS */
#include <stdio.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <tlsring.h>

static SSL_CTX *other_host;

/* page: tlsring_provider_load */
static SSL_CTX *quick_ssl_ctx(OSSL_PROVIDER **provider)
{
	if (tlsring_provider_load(provider, NULL))
		return SSL_CTX_new(TLS_server_method());
	return SSL_CTX_new_ex(NULL, "?provider=tlsring", TLS_server_method());
}
/* page end */

static SSL_CTX *server_ssl_ctx(SSL_CTX *ssl_ctx, char **argv)
{
	if (SSL_CTX_use_certificate_chain_file(ssl_ctx, argv[1]) == 1 &&
	    SSL_CTX_use_PrivateKey_file(ssl_ctx, argv[2], SSL_FILETYPE_PEM) == 1)
		return ssl_ctx;
	SSL_CTX_free(ssl_ctx);
	return NULL;
}

/* page: tlsring_ctx_new */
static int new_context(struct tlsring_ctx **out, SSL_CTX *ssl_ctx)
{
	const struct tlsring_ctx_options options = {
		.size = sizeof(options),
		.when = TLSRING_ADAPTIVE,
		.long_lived = true,
	};

	return tlsring_ctx_new(out, ssl_ctx, &options);
}
/* page end */

/* page: tlsring_ctx_add */
static int choose_host(SSL *ssl, int *alert, void *arg)
{
	(void)alert;
	(void)arg;
	if (SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name))
		SSL_set_SSL_CTX(ssl, other_host);
	return SSL_TLSEXT_ERR_OK;
}

static int add_host(struct tlsring_ctx *ctx, SSL_CTX *first)
{
	int ret = tlsring_ctx_add(ctx, other_host);

	if (!ret)
		SSL_CTX_set_tlsext_servername_callback(first, choose_host);
	return ret;
}
/* page end */

/* page: tlsring_ctx_ticket_keys */
static int rotate_ticket_keys(struct tlsring_ctx *ctx, const char *newest, const char *previous)
{
	const char *paths[] = { newest, previous };

	return tlsring_ctx_ticket_keys(ctx, paths, 2);
}
/* page end */

/* page: tlsring_ctx_expected tlsring_ctx_free */
static void print_expected(struct tlsring_ctx *ctx)
{
	enum tlsring_reason why;

	if (tlsring_ctx_expected(ctx, true, &why) == TLSRING_PATH_USER)
		printf("sending in user space: %s\n", tlsring_reason_text(why));
	else
		printf("sending in the kernel\n");
	tlsring_ctx_free(ctx);
}
/* page end */

int main(int argc, char **argv)
{
	OSSL_PROVIDER *provider = NULL;
	SSL_CTX *ssl_ctx;
	struct tlsring_ctx *ctx;
	int ret;

	if (argc < 4)
		return 2;
	ssl_ctx = server_ssl_ctx(quick_ssl_ctx(&provider), argv);
	other_host = server_ssl_ctx(SSL_CTX_new(TLS_server_method()), argv);
	if (!ssl_ctx || !other_host || new_context(&ctx, ssl_ctx))
		return 1;
	ret = add_host(ctx, ssl_ctx);
	if (!ret)
		ret = rotate_ticket_keys(ctx, argv[3], argv[3]);
	print_expected(ctx);
	SSL_CTX_free(other_host);
	SSL_CTX_free(ssl_ctx);
	OSSL_PROVIDER_unload(provider);
	return ret != 0;
}
