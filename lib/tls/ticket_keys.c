// SPDX-License-Identifier: MIT
/* Session tickets under keys that several servers share (RFC 5077, 4): nginx's key files. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include "lib/tls/context.h"

#define TICKET_KEYS_MAX	8

/* One file: a name that the ticket carries, then the HMAC and the AES key. 48 bytes have 16 of
 * each, 80 bytes 32. */
struct ticket_key {
	uint8_t name[16];
	uint8_t hmac[32], aes[32];
	uint8_t len;			/* 16 or 32 */
};

/* Belongs to the SSL_CTX, as its ex_data. */
struct ticket_keys {
	CRYPTO_RWLOCK *lock;		/* handshakes read, a reload writes */
	struct ticket_key keys[TICKET_KEYS_MAX];
	int count;
};

static int ticket_keys_index = -1;
static int ticket_keys_home_index = -1;	/* another SSL_CTX that has the keys; not owned: libssl keeps
					 * an SSL's first SSL_CTX as long as the SSL */
static CRYPTO_ONCE ticket_keys_once = CRYPTO_ONCE_STATIC_INIT;

static void ticket_keys_drop(void *parent, void *data, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
	struct ticket_keys *keys = data;

	(void)parent, (void)ad, (void)index, (void)argl, (void)argp;
	if (!keys)
		return;
	CRYPTO_THREAD_lock_free(keys->lock);
	OPENSSL_secure_clear_free(keys, sizeof(*keys));
}

static void ticket_keys_init(void)
{
	ticket_keys_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, ticket_keys_drop);
	ticket_keys_home_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

static bool ticket_keys_ready(void)
{
	return CRYPTO_THREAD_run_once(&ticket_keys_once, ticket_keys_init) && ticket_keys_index >= 0 &&
	       ticket_keys_home_index >= 0;
}

int ticket_keys_share(SSL_CTX *to, SSL_CTX *from)
{
	return ticket_keys_ready() && SSL_CTX_set_ex_data(to, ticket_keys_home_index, from) ? 0 : -ENOMEM;
}

static struct ticket_keys *ticket_keys_find(const SSL *ssl)
{
	SSL_CTX *ctx = SSL_get_SSL_CTX(ssl), *home = SSL_CTX_get_ex_data(ctx, ticket_keys_home_index);

	return SSL_CTX_get_ex_data(home ? home : ctx, ticket_keys_index);
}

static bool ticket_keys_cipher(const struct ticket_key *key, uint8_t *iv, EVP_CIPHER_CTX *cipher,
			       EVP_MAC_CTX *mac, bool seal)
{
	const EVP_CIPHER *aes = key->len == 32 ? EVP_aes_256_cbc() : EVP_aes_128_cbc();
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)key->hmac, key->len),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(mac, params) &&
	       EVP_CipherInit_ex(cipher, aes, NULL, key->aes, iv, seal);
}

/* As SSL_CTX_set_tlsext_ticket_key_evp_cb(3) has it: 0 no such key, 1 fine, 2 fine but send a new
 * ticket, under the first key; TLS 1.3 wants a new one after each use (RFC 8446, C.4). */
static int ticket_keys_use(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
			   EVP_MAC_CTX *mac, int seal)
{
	struct ticket_keys *keys = ticket_keys_find(ssl);
	int ret = 0;

	if (!keys || !CRYPTO_THREAD_read_lock(keys->lock))
		return -1;
	if (seal) {
		memcpy(name, keys->keys[0].name, sizeof(keys->keys[0].name));
		ret = RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) > 0 &&
		      ticket_keys_cipher(&keys->keys[0], iv, cipher, mac, true) ? 1 : -1;
	}
	for (int i = 0; !seal && !ret && i < keys->count; i++)
		if (!CRYPTO_memcmp(name, keys->keys[i].name, sizeof(keys->keys[i].name)))
			ret = !ticket_keys_cipher(&keys->keys[i], iv, cipher, mac, false) ? -1 :
			      i || SSL_version(ssl) >= TLS1_3_VERSION ? 2 : 1;
	CRYPTO_THREAD_unlock(keys->lock);
	return ret;
}

static int ticket_keys_read(const char *path, struct ticket_key *key)
{
	uint8_t bytes[81];
	ssize_t len;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	len = read(fd, bytes, sizeof(bytes));
	close(fd);
	if (len == 48 || len == 80) {
		key->len = len == 48 ? 16 : 32;
		memcpy(key->name, bytes, 16);
		/* nginx's order: the short file has the AES key first, the long one the HMAC key. */
		memcpy(len == 48 ? key->aes : key->hmac, bytes + 16, key->len);
		memcpy(len == 48 ? key->hmac : key->aes, bytes + 16 + key->len, key->len);
	}
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return len == 48 || len == 80 ? 0 : len < 0 ? -EIO : -EBADMSG;
}

/* The SSL_CTX's keys, made when it has none yet. */
static struct ticket_keys *ticket_keys_of(SSL_CTX *ssl)
{
	struct ticket_keys *keys;

	if (!ticket_keys_ready())
		return NULL;
	keys = SSL_CTX_get_ex_data(ssl, ticket_keys_index);
	if (keys)
		return keys;
	keys = OPENSSL_secure_zalloc(sizeof(*keys));
	if (!keys)
		return NULL;
	keys->lock = CRYPTO_THREAD_lock_new();
	if (keys->lock && SSL_CTX_set_ex_data(ssl, ticket_keys_index, keys))
		return keys;
	ticket_keys_drop(NULL, keys, NULL, 0, 0, NULL);
	return NULL;
}

int tlsring_ctx_ticket_keys(struct tlsring_ctx *ctx, const char *const *paths, unsigned count)
{
	struct ticket_key fresh[TICKET_KEYS_MAX];
	struct ticket_keys *keys;
	int ret = 0;

	if (!count || count > TICKET_KEYS_MAX)
		return -EINVAL;
	keys = ticket_keys_of(ctx->ssl);
	if (!keys)
		return -ENOMEM;
	memset(fresh, 0, sizeof(fresh));
	for (unsigned i = 0; i < count && !ret; i++)
		ret = ticket_keys_read(paths[i], &fresh[i]);
	if (!ret && CRYPTO_THREAD_write_lock(keys->lock)) {
		memcpy(keys->keys, fresh, sizeof(fresh));
		keys->count = (int)count;
		CRYPTO_THREAD_unlock(keys->lock);
		SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx->ssl, ticket_keys_use);
	}
	OPENSSL_cleanse(fresh, sizeof(fresh));
	return ret;
}
