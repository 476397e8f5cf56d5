// SPDX-License-Identifier: MIT
/* Contexts: options of any release, reference counts, algorithms of another library context. */
#include <stddef.h>
#include <openssl/provider.h>
#include "ktls/algorithms.h"
#include "lib/tls/context.h"
#include "tests/lib/peer.h"

TEST(options_of_the_first_release)
{
	struct tlsring_ctx_options options = {
		.size = offsetof(struct tlsring_ctx_options, http_response),
		.offload = TLSRING_OFFLOAD_OFF,
		.large = 12345,
		.early_data = true,
		/* Not the caller's: what stands behind its structure. */
		.http_response = (const char *)1,
		.properties = (const char *)1,
	};
	SSL_CTX *ssl = peer_ctx(true, NULL);
	struct tlsring_ctx *ctx;

	EQ(tlsring_ctx_new(&ctx, ssl, &options), 0);
	EQ(ctx->large, 12345);
	CHECK(ctx->early_data && !ctx->http_response && !ctx->algorithms);
	tlsring_ctx_free(ctx);
	options.size--;
	EQ(tlsring_ctx_new(&ctx, ssl, &options), -EINVAL);
	SSL_CTX_free(ssl);
}

/* A program that is newer than the library has more behind the end. */
TEST(options_of_a_later_release)
{
	struct {
		struct tlsring_ctx_options known;
		uint64_t later[4];
	} options = {
		.known = { .size = sizeof(options), .offload = TLSRING_OFFLOAD_OFF },
		.later = { 1, 2, 3, 4 },
	};
	SSL_CTX *ssl = peer_ctx(true, NULL);
	struct tlsring_ctx *ctx;

	EQ(tlsring_ctx_new(&ctx, ssl, &options.known), 0);
	EQ(ctx->offload, TLSRING_OFFLOAD_OFF);
	tlsring_ctx_free(ctx);
	SSL_CTX_free(ssl);
}

/* The cheaper one is taken, and the reason says so. */
TEST(fastest)
{
	struct tlsring_ctx_options options = { .size = sizeof(options),
					       .offload = TLSRING_OFFLOAD_FASTEST };
	struct tlsring_costs costs = { .size = sizeof(costs) };
	SSL_CTX *ssl = peer_ctx(true, NULL);
	enum tlsring_reason why;
	struct tlsring_ctx *ctx;
	enum tlsring_path path;

	EQ(tlsring_costs(&costs), 0);
	CHECK(costs.user_ns);
	EQ(!costs.kernel_ns, !ktls_probe()->ulp);
	EQ(tlsring_ctx_new(&ctx, ssl, &options), 0);
	path = tlsring_ctx_expected(ctx, true, &why);
	if (!costs.kernel_ns)
		EQ(why, ktls_probe()->why_not);
	else
		EQ(why, costs.user_ns < costs.kernel_ns ? TLSRING_REASON_USER_FASTER :
							  TLSRING_REASON_NONE);
	EQ(path, why ? TLSRING_PATH_USER : TLSRING_PATH_KERNEL);
	tlsring_ctx_free(ctx);
	SSL_CTX_free(ssl);
	costs.size--;
	EQ(tlsring_costs(&costs), -EINVAL);
}

/* A context outlives its caller's reference as long as a session lives. */
TEST(sessions_keep_their_context)
{
	SSL_CTX *server = peer_ctx(true, "TLS_AES_128_GCM_SHA256"), *client = peer_ctx(false, NULL);
	struct tlsring_session *session;
	struct tlsring_ctx *ctx;
	BIO *own, *other;
	char got[16];
	SSL *ssl = NULL, *peer;
	int fds[2];

	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds));
	EQ(tlsring_ctx_new(&ctx, server, NULL), 0);
	ssl = SSL_new(server);
	peer = SSL_new(client);
	own = BIO_new_socket(fds[0], BIO_NOCLOSE);
	other = BIO_new_socket(fds[1], BIO_NOCLOSE);
	SSL_set_bio(ssl, own, own);
	SSL_set_bio(peer, other, other);
	SSL_set_accept_state(ssl);
	SSL_set_connect_state(peer);
	EQ(tlsring_watch(ssl), 0);
	while (SSL_do_handshake(peer) != 1 || tlsring_handshake(ssl))
		tlsring_handshake(ssl);
	EQ(tlsring_session_new(&session, ctx, ssl, fds[0]), 0);
	tlsring_ctx_free(ctx);
	SSL_CTX_free(server);
	SSL_CTX_free(client);
	EQ(tlsring_session_handover(session), 0);
	EQ(SSL_write(peer, "hello", 5), 5);
	EQ(tlsring_session_recv(session, got, sizeof(got)), 5);
	EQ_MEM(got, "hello", 5);
	tlsring_session_free(session);
	SSL_free(peer);
	close(fds[0]);
	close(fds[1]);
}

/* What cannot be fetched with the caller's properties is not fetched elsewhere: libssl goes on. */
TEST(algorithms_of_the_caller)
{
	struct tlsring_ctx_options options = { .size = sizeof(options),
					       .properties = "provider=nobody" };
	SSL_CTX *ssl = peer_ctx(true, NULL);
	struct tlsring_ctx *ctx;

	EQ(tlsring_ctx_new(&ctx, ssl, &options), 0);
	CHECK(ctx->algorithms);
	CHECK(!ktls_algorithms_aead(ctx->algorithms, ktls_cipher_find(KTLS_TLS13, 0x1301)));
	ERR_clear_error();
	options.properties = "provider=default";
	tlsring_ctx_free(ctx);
	EQ(tlsring_ctx_new(&ctx, ssl, &options), 0);
	CHECK(ktls_algorithms_aead(ctx->algorithms, ktls_cipher_find(KTLS_TLS13, 0x1301)));
	tlsring_ctx_free(ctx);
	SSL_CTX_free(ssl);
}
