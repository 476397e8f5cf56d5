// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include "ktls/algorithms.h"
#include "ktls/cost.h"
#include "ktls/export.h"
#include "ktls/nic.h"
#include "lib/tls/context.h"

#define CONTEXT_LARGE	(64 * 1024)

enum tlsring_reason context_refusal(const struct tlsring_ctx *ctx)
{
	if (ctx->offload == TLSRING_OFFLOAD_OFF)
		return TLSRING_REASON_POLICY_OFF;
	if (ctx->user_faster)
		return TLSRING_REASON_USER_FASTER;
	return ctx->caps->ulp ? TLSRING_REASON_NONE : ctx->caps->why_not;
}

static bool context_options_valid(const struct tlsring_ctx_options *options)
{
	return options->offload <= TLSRING_OFFLOAD_FASTEST && options->when <= TLSRING_ADAPTIVE &&
	       options->nic <= TLSRING_NIC_REQUIRE &&
	       !(options->directions & ~(TLSRING_TX | TLSRING_RX));
}

/* The size of the options in the first release. */
#define CONTEXT_OPTIONS_MIN offsetof(struct tlsring_ctx_options, http_response)

/* Read the options of any release: members that the caller does not know of are zero. */
static bool context_options(struct tlsring_ctx_options *out,
			    const struct tlsring_ctx_options *given)
{
	*out = (struct tlsring_ctx_options){ .size = sizeof(*out) };
	if (!given)
		return true;
	if (given->size < CONTEXT_OPTIONS_MIN)
		return false;
	memcpy(out, given, given->size < sizeof(*out) ? given->size : sizeof(*out));
	return context_options_valid(out);
}

/* Only what a NIC takes. 0; -EOPNOTSUPP: the SSL_CTX has nothing of it. */
static int context_limit(SSL_CTX *ssl)
{
	const STACK_OF(SSL_CIPHER) *all = SSL_CTX_get_ciphers(ssl);
	char list[4096] = "";
	size_t used = 0;

	for (int i = 0; i < sk_SSL_CIPHER_num(all); i++) {
		const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(all, i);
		const struct ktls_cipher *row = ktls_cipher_find(TLS1_2_VERSION,
								 SSL_CIPHER_get_protocol_id(cipher));

		if (row && ktls_nic_takes(row->version, row->kernel_id) && used + 64 < sizeof(list))
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s:",
						 SSL_CIPHER_get_name(cipher));
	}
	if (!used || SSL_CTX_get_min_proto_version(ssl) > TLS1_2_VERSION ||
	    !SSL_CTX_set_cipher_list(ssl, list) || !SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) ||
	    !SSL_CTX_set_max_proto_version(ssl, TLS1_2_VERSION))
		return -EOPNOTSUPP;
	return 0;
}

static bool context_limits(const struct tlsring_ctx *ctx)
{
	return ctx->nic == TLSRING_NIC_REQUIRE || (ctx->nic == TLSRING_NIC_PREFER && ktls_nic_any());
}

int tlsring_costs(struct tlsring_costs *costs)
{
	const struct ktls_cost *measured;

	if (costs->size < sizeof(*costs))
		return -EINVAL;
	measured = ktls_cost();
	costs->kernel_ns = measured->kernel_ns;
	costs->user_ns = measured->user_ns;
	return 0;
}

/* A NIC's work costs the processor next to nothing, and is not measured. */
static bool context_user_faster(const struct tlsring_ctx *ctx)
{
	const struct ktls_cost *cost;

	if (ctx->offload != TLSRING_OFFLOAD_FASTEST || !ctx->caps->ulp || ktls_nic_any())
		return false;
	cost = ktls_cost();
	return cost->user_ns && (!cost->kernel_ns || cost->user_ns < cost->kernel_ns);
}

/* What the options ask for, checked against what can be had. */
static int context_policy(struct tlsring_ctx *ctx, SSL_CTX *ssl)
{
	if (ctx->nic == TLSRING_NIC_REQUIRE) {
		ctx->offload = TLSRING_OFFLOAD_REQUIRE;
		ctx->least = TLSRING_PATH_NIC;
	}
	if (ctx->offload == TLSRING_OFFLOAD_REQUIRE && context_refusal(ctx))
		return -EOPNOTSUPP;
	if (ctx->offload == TLSRING_OFFLOAD_REQUIRE && ctx->when == TLSRING_ADAPTIVE)
		ctx->when = TLSRING_AT_ONCE;
	return context_limits(ctx) ? context_limit(ssl) : 0;
}

static void context_take(struct tlsring_ctx *ctx, const struct tlsring_ctx_options *options)
{
	ctx->references = 1;
	ctx->caps = ktls_probe();
	ctx->offload = options->offload;
	ctx->directions = options->directions ? options->directions : TLSRING_TX | TLSRING_RX;
	ctx->long_lived = options->long_lived;
	ctx->when = options->when;
	ctx->large = options->large ? options->large : CONTEXT_LARGE;
	ctx->nic = options->nic;
	ctx->zerocopy = options->zerocopy;
	ctx->early_data = options->early_data;
	ctx->http_response = options->http_response;
	ctx->least = TLSRING_PATH_KERNEL;
	ctx->user_faster = context_user_faster(ctx);
}

static int context_prepare(struct tlsring_ctx *ctx, SSL_CTX *ssl,
			   const struct tlsring_ctx_options *options)
{
	int ret = 0;

	if (options->libctx || options->properties)
		ret = ktls_algorithms_new(&ctx->algorithms, options->libctx, options->properties);
	if (!ret)
		ret = context_policy(ctx, ssl);
	return ret ? ret : ktls_export_prepare(ssl);
}

static bool context_is_dtls(SSL_CTX *ssl_ctx)
{
	SSL *ssl = SSL_new(ssl_ctx);
	bool dtls = ssl && SSL_is_dtls(ssl);

	SSL_free(ssl);
	return dtls;
}

int tlsring_ctx_new(struct tlsring_ctx **out, struct ssl_ctx_st *ssl_ctx,
		    const struct tlsring_ctx_options *options)
{
	struct tlsring_ctx_options known;
	struct tlsring_ctx *ctx;
	int ret;

	if (!ssl_ctx || !context_options(&known, options) || context_is_dtls(ssl_ctx))
		return -EINVAL;
	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	context_take(ctx, &known);
	ret = context_prepare(ctx, ssl_ctx, &known);
	if (ret) {
		tlsring_ctx_free(ctx);
		return ret;
	}
	SSL_CTX_up_ref(ssl_ctx);
	ctx->ssl = ssl_ctx;
	SSL_CTX_set_mode(ssl_ctx, SSL_MODE_RELEASE_BUFFERS);
	/* The record numbers that we hand over would not survive a renegotiation. */
	SSL_CTX_set_options(ssl_ctx, SSL_OP_NO_RENEGOTIATION);
	/* Nor can a certificate be shown when the SSL has gone. */
	SSL_CTX_set_post_handshake_auth(ssl_ctx, 0);
	*out = ctx;
	return 0;
}

int tlsring_ctx_add(struct tlsring_ctx *ctx, struct ssl_ctx_st *ssl_ctx)
{
	int ret = context_limits(ctx) ? context_limit(ssl_ctx) : 0;

	if (!ret)
		ret = ktls_export_prepare(ssl_ctx);
	return ret ? ret : ticket_keys_share(ssl_ctx, ctx->ssl);
}

struct tlsring_ctx *context_hold(struct tlsring_ctx *ctx)
{
	atomic_fetch_add_explicit(&ctx->references, 1, memory_order_relaxed);
	return ctx;
}

void tlsring_ctx_free(struct tlsring_ctx *ctx)
{
	if (!ctx || atomic_fetch_sub_explicit(&ctx->references, 1, memory_order_acq_rel) > 1)
		return;
	SSL_CTX_free(ctx->ssl);
	ktls_algorithms_free(ctx->algorithms);
	free(ctx);
}

enum tlsring_path tlsring_ctx_expected(const struct tlsring_ctx *ctx, bool tx,
				       enum tlsring_reason *why)
{
	uint64_t ciphers = tx ? ctx->caps->tx_ciphers : ctx->caps->rx_ciphers;

	*why = context_refusal(ctx);
	if (!*why && !(ctx->directions & (tx ? TLSRING_TX : TLSRING_RX)))
		*why = TLSRING_REASON_POLICY_OFF;
	if (!*why && !ciphers)
		*why = TLSRING_REASON_CIPHER_MISSING;
	return *why ? TLSRING_PATH_USER : TLSRING_PATH_KERNEL;
}

const char *context_library(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}

bool context_has_cipher(const char *name)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());
	bool has = false;

	if (ctx)
		has = strncmp(name, "TLS_", 4) ? SSL_CTX_set_cipher_list(ctx, name) :
						 SSL_CTX_set_ciphersuites(ctx, name);
	SSL_CTX_free(ctx);
	ERR_clear_error();
	return has;
}
