// SPDX-License-Identifier: MIT
/*
 * Every cipher that libssl and kernel TLS both know, in every version that has it, as server and as
 * client: handed over where this kernel can, else in user space with its reason, and in both cases
 * the digests of what went each way agree.
 */
#include <pthread.h>
#include <openssl/evp.h>
#include "lib/tlsring.h"
#include "tests/ktls/pair.h"
#include "tests/lib/peer.h"

#define TRANSFER	300000	/* bytes each way */
#define DIGEST		32

struct transfer {
	const char *suite;
	SSL *peer;
	pthread_t thread;
	uint8_t sent[DIGEST], got[DIGEST];	/* by the peer */
};

static EVP_MD_CTX *digest_new(void)
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();

	CHECK(digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL));
	return digest;
}

static void digest_end(EVP_MD_CTX *digest, uint8_t out[DIGEST])
{
	CHECK(EVP_DigestFinal_ex(digest, out, NULL));
	EVP_MD_CTX_free(digest);
}

/* Sizes that share no factor with a record's; the stream depends on the suite. */
static size_t next_piece(const char *suite, size_t at, uint8_t buf[16384])
{
	size_t len = TRANSFER - at < 13337 ? TRANSFER - at : 13337;

	peer_fill(buf, len, at + strlen(suite) * 1000003);
	return len;
}

static void *peer(void *arg)
{
	struct transfer *t = arg;
	EVP_MD_CTX *sent = digest_new(), *got = digest_new();
	uint8_t buf[16384];

	CHECK(SSL_do_handshake(t->peer) == 1);
	for (size_t at = 0, len; at < TRANSFER; at += len) {
		len = next_piece(t->suite, at, buf);
		EVP_DigestUpdate(sent, buf, len);
		EQ(SSL_write(t->peer, buf, (int)len), len);
	}
	for (size_t at = 0; at < TRANSFER;) {
		int len = SSL_read(t->peer, buf, sizeof(buf));

		CHECK(len > 0);
		EVP_DigestUpdate(got, buf, (size_t)len);
		at += (size_t)len;
	}
	digest_end(sent, t->sent);
	digest_end(got, t->got);
	return NULL;
}

static void receive_all(struct tlsring_session *session, uint8_t out[DIGEST])
{
	EVP_MD_CTX *digest = digest_new();
	uint8_t buf[16384];

	for (size_t at = 0; at < TRANSFER;) {
		ssize_t got = tlsring_session_recv(session, buf, sizeof(buf));

		CHECK(got > 0);
		EVP_DigestUpdate(digest, buf, (size_t)got);
		at += (size_t)got;
	}
	digest_end(digest, out);
}

static void send_all(struct tlsring_session *session, const char *suite, uint8_t out[DIGEST])
{
	EVP_MD_CTX *digest = digest_new();
	uint8_t buf[16384];

	for (size_t at = 0, len; at < TRANSFER; at += len) {
		len = next_piece(suite, at, buf);
		EVP_DigestUpdate(digest, buf, len);
		for (size_t put = 0; put < len;) {
			ssize_t ret = tlsring_session_send(session, buf + put, len - put);

			CHECK(ret > 0);
			put += (size_t)ret;
		}
	}
	digest_end(digest, out);
}

static enum tlsring_reason expected_reason(const char *suite, bool known)
{
	if (!ktls_probe()->ulp)
		return ktls_probe()->why_not;
	if (!known)
		return TLSRING_REASON_CIPHER;
	return peer_kernel_takes(suite) ? TLSRING_REASON_NONE : TLSRING_REASON_CIPHER_MISSING;
}

static void check_path(const struct tlsring_direction *dir, enum tlsring_reason why)
{
	EQ(dir->path, why ? TLSRING_PATH_USER : TLSRING_PATH_KERNEL);
	EQ(dir->reason, why);
}

/* known: by kernel TLS at all. False: this libssl lacks the suite. */
static bool talk(const char *suite, bool known, bool server)
{
	SSL_CTX *server_ctx = pair_server_ctx(suite), *client_ctx = pair_client_ctx(suite);
	struct tlsring_info info = { .size = sizeof(info) };
	struct transfer t = { .suite = suite };
	struct tlsring_session *session;
	struct tlsring_ctx *ctx;
	uint8_t sent[DIGEST], got[DIGEST];
	int fd, peer_fd;
	SSL *ours;

	if (!server_ctx)
		return false;
	peer_sockets(&fd, &peer_fd);
	EQ(tlsring_ctx_new(&ctx, server ? server_ctx : client_ctx, NULL), 0);
	ours = SSL_new(server ? server_ctx : client_ctx);
	t.peer = SSL_new(server ? client_ctx : server_ctx);
	EQ(tlsring_watch(ours), 0);
	SSL_set_fd(ours, fd);
	SSL_set_fd(t.peer, peer_fd);
	server ? SSL_set_accept_state(ours) : SSL_set_connect_state(ours);
	server ? SSL_set_connect_state(t.peer) : SSL_set_accept_state(t.peer);
	CHECK(!pthread_create(&t.thread, NULL, peer, &t));
	EQ(tlsring_handshake(ours), 0);
	EQ(tlsring_session_new(&session, ctx, ours, fd), 0);
	EQ(tlsring_session_handover(session), 0);
	EQ(tlsring_session_info(session, &info), 0);
	EQ_STR(info.cipher, suite);
	check_path(&info.tx, expected_reason(suite, known));
	check_path(&info.rx, expected_reason(suite, known));
	receive_all(session, got);
	send_all(session, suite, sent);
	pthread_join(t.thread, NULL);
	EQ_MEM(got, t.sent, DIGEST);
	EQ_MEM(sent, t.got, DIGEST);
	printf("# %s, as %s: %s\n", suite, server ? "server" : "client",
	       info.tx.path == TLSRING_PATH_KERNEL ? "kernel" : tlsring_reason_name(info.tx.reason));
	tlsring_session_free(session);
	tlsring_ctx_free(ctx);
	SSL_free(t.peer);
	SSL_CTX_free(server_ctx);
	SSL_CTX_free(client_ctx);
	close(fd);
	close(peer_fd);
	return true;
}

/* One suite of each cipher and version will do: key exchanges make no difference to the records. */
static bool first_of_its_kind(unsigned index)
{
	const struct ktls_cipher *cipher = ktls_cipher_at(index), *other;

	for (unsigned i = 0; i < index && (other = ktls_cipher_at(i)); i++)
		if (other->version == cipher->version && other->kernel_id == cipher->kernel_id)
			return false;
	return true;
}

static void every_cipher(bool server)
{
	const struct ktls_cipher *cipher;
	unsigned count = 0;

	for (unsigned i = 0; (cipher = ktls_cipher_at(i)); i++) {
		if (!first_of_its_kind(i))
			continue;
		if (talk(cipher->name, true, server))
			count++;
		else
			printf("# %s: not in this libssl\n", cipher->name);
	}
	/* Both versions' AES-128-GCM, AES-256-GCM, ChaCha20-Poly1305 and AES-128-CCM are in all. */
	CHECK(count >= 8);
}

TEST(server) { every_cipher(true); }
TEST(client) { every_cipher(false); }

TEST(ciphers_that_no_kernel_has)
{
	static const char *const suites[] = {
		"TLS_AES_128_CCM_8_SHA256", "ECDHE-ECDSA-AES128-CCM8", "ECDHE-ECDSA-AES256-CCM",
		"ECDHE-ECDSA-AES128-SHA256", "ECDHE-RSA-CAMELLIA128-SHA256",
	};

	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		if (!talk(suites[i], false, true))
			printf("# %s: not in this libssl\n", suites[i]);
		else
			CHECK(talk(suites[i], false, false));
	}
}
