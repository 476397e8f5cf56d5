// SPDX-License-Identifier: MIT
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include "lib/tls/error.h"
#include "lib/tls/libssl.h"

ssize_t libssl_open(struct wire *wire, void *buf, size_t len)
{
	size_t got = 0, before;
	int ret;

	do {
		before = wire->in_len;
		ERR_clear_error();
		if (SSL_read_ex(wire->ssl, buf, len, &got))
			return (ssize_t)got;
		if (SSL_get_error(wire->ssl, 0) == SSL_ERROR_ZERO_RETURN) {
			wire->closed = true;
			return 0;
		}
		ret = error_from_ssl(wire, 0);
		/* Without SSL_MODE_AUTO_RETRY libssl stops behind each ticket and KeyUpdate. */
	} while (ret == -EAGAIN && wire->in_len && wire->in_len != before);
	return ret == -EAGAIN ? 0 : ret;
}

ssize_t libssl_write(struct wire *wire, const void *data, size_t len)
{
	size_t put = 0;

	ERR_clear_error();
	if (!len || SSL_write_ex(wire->ssl, data, len, &put))
		return (ssize_t)put;
	return error_from_ssl(wire, 0);
}

/* The wire takes everything; but with SSL_MODE_ENABLE_PARTIAL_WRITE libssl stops after a record. */
int libssl_seal(struct wire *wire, const void *data, size_t len)
{
	const unsigned char *at = data;

	while (len) {
		ssize_t put = libssl_write(wire, at, len);

		if (put < 0)
			return (int)put;
		at += put;
		len -= (size_t)put;
	}
	return 0;
}

int libssl_seal_early(struct wire *wire, const void *data, size_t len)
{
	size_t put = 0;

	ERR_clear_error();
	if (!len || SSL_write_early_data(wire->ssl, data, len, &put))
		return 0;
	return error_from_ssl(wire, 0);
}

int libssl_update(struct wire *wire, bool request)
{
	int ret;

	ERR_clear_error();
	/* libssl refuses while a write of its own waits for room. */
	if (!SSL_key_update(wire->ssl,
			    request ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED)) {
		ERR_clear_error();
		return -EAGAIN;
	}
	/* It goes out with SSL_do_handshake(), or else with the next data. */
	ret = SSL_do_handshake(wire->ssl);
	return ret == 1 ? 0 : error_from_ssl(wire, ret);
}

void libssl_settle(struct wire *wire)
{
	if (SSL_get_key_update_type(wire->ssl) != SSL_KEY_UPDATE_NONE)
		libssl_update(wire, false);
}

int libssl_close(struct wire *wire)
{
	int ret;

	if (SSL_get_shutdown(wire->ssl) & SSL_SENT_SHUTDOWN && !SSL_want_write(wire->ssl))
		return 0;
	ERR_clear_error();
	ret = SSL_shutdown(wire->ssl);
	return ret < 0 ? error_from_ssl(wire, ret) : 0;
}
