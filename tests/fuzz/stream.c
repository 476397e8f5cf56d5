// SPDX-License-Identifier: MIT
/* A server's connection machine, fed with any bytes in any pieces. */
#include <stdlib.h>
#include <string.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include "lib/tls/control.h"
#include "lib/tls/machine.h"
#include "tests/fuzz/fuzz.h"

static struct tlsring_ctx *stream_ctx(void)
{
	static struct tlsring_ctx *ctx;
	struct tlsring_ctx_options options = { .size = sizeof(options), .offload = TLSRING_OFFLOAD_OFF };
	SSL_CTX *ssl;
	EVP_PKEY *key;
	X509 *cert;

	if (ctx)
		return ctx;
	ssl = SSL_CTX_new(TLS_server_method());
	key = EVP_EC_gen("P-256");
	cert = X509_new();
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_set_pubkey(cert, key);
	X509_sign(cert, key, EVP_sha256());
	SSL_CTX_use_certificate(ssl, cert);
	SSL_CTX_use_PrivateKey(ssl, key);
	tlsring_ctx_new(&ctx, ssl, &options);
	SSL_CTX_free(ssl);
	X509_free(cert);
	EVP_PKEY_free(key);
	return ctx;
}

/* Input: pieces, each a byte of length and its data. Of odd length: the server looks for early data. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conn conn;
	uint8_t plain[512], *out, *copy;
	const uint8_t *opened;
	size_t len;

	conn_accept(&conn, stream_ctx());
	conn.early_reading = size & 1;
	while (size > 1 && conn.state < CONN_FAILED) {
		len = data[0] < size - 1 ? data[0] : size - 1;
		if (len > conn_receivable(&conn))
			abort();
		copy = malloc(len ? len : 1);
		memcpy(copy, data + 1, len);
		conn_feed(&conn, copy, len);
		while (conn_read(&conn, plain, sizeof(plain), &opened))
			;
		free(copy);
		if (conn_output(&conn, &out))
			free(out);
		data += len + 1;
		size -= len + 1;
	}
	conn_fin(&conn);
	conn_close(&conn);
	conn_wipe(&conn);
	return 0;
}
