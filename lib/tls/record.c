// SPDX-License-Identifier: MIT
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include "lib/tls/error.h"
#include "lib/tls/record.h"

ssize_t record_open(struct wire *wire, void *buf, size_t len)
{
	size_t got = 0;
	int ret;

	ERR_clear_error();
	if (SSL_read_ex(wire->ssl, buf, len, &got))
		return (ssize_t)got;
	if (SSL_get_error(wire->ssl, 0) == SSL_ERROR_ZERO_RETURN) {
		wire->closed = true;
		return 0;
	}
	ret = error_from_ssl(wire, 0);
	return ret == -EAGAIN ? 0 : ret;
}

ssize_t record_write(struct wire *wire, const void *data, size_t len)
{
	size_t put = 0;

	ERR_clear_error();
	if (!len || SSL_write_ex(wire->ssl, data, len, &put))
		return (ssize_t)put;
	return error_from_ssl(wire, 0);
}

/* The wire takes everything; but with SSL_MODE_ENABLE_PARTIAL_WRITE libssl stops after a record. */
int record_seal(struct wire *wire, const void *data, size_t len)
{
	const unsigned char *at = data;

	while (len) {
		ssize_t put = record_write(wire, at, len);

		if (put < 0)
			return (int)put;
		at += put;
		len -= (size_t)put;
	}
	return 0;
}

int record_seal_early(struct wire *wire, const void *data, size_t len)
{
	size_t put = 0;

	ERR_clear_error();
	if (!len || SSL_write_early_data(wire->ssl, data, len, &put))
		return 0;
	return error_from_ssl(wire, 0);
}

void record_update(struct wire *wire, bool request)
{
	/* Goes out with SSL_do_handshake, or else with the next data. */
	if (SSL_key_update(wire->ssl, request ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED))
		SSL_do_handshake(wire->ssl);
	ERR_clear_error();
}

void record_settle(struct wire *wire)
{
	if (SSL_get_key_update_type(wire->ssl) != SSL_KEY_UPDATE_NONE)
		record_update(wire, false);
}

int record_close(struct wire *wire)
{
	int ret;

	if (SSL_get_shutdown(wire->ssl) & SSL_SENT_SHUTDOWN && !SSL_want_write(wire->ssl))
		return 0;
	ERR_clear_error();
	ret = SSL_shutdown(wire->ssl);
	return ret < 0 ? error_from_ssl(wire, ret) : 0;
}
