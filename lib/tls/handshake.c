// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include "ktls/export.h"
#include "lib/tls/error.h"
#include "lib/tls/handshake.h"
#include "lib/tlsring.h"

int handshake_aim(struct wire *wire, const char *name, struct ssl_session_st *session)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(wire->ssl);
	int ret = 0;

	if (session && !SSL_set_session(wire->ssl, session))
		ret = -ENOMEM;
	/* The first call takes addresses only. */
	else if (name && !X509_VERIFY_PARAM_set1_ip_asc(param, name) &&
		 (!SSL_set1_host(wire->ssl, name) || !SSL_set_tlsext_host_name(wire->ssl, name)))
		ret = -EINVAL;
	ERR_clear_error();
	return ret;
}

bool handshake_send_early(struct wire *wire, const void *data, size_t len)
{
	const SSL_SESSION *session = SSL_get0_session(wire->ssl);
	size_t put;
	bool sent;

	if (!session || SSL_SESSION_get_max_early_data(session) < len)
		return false;
	sent = SSL_write_early_data(wire->ssl, data, len, &put);
	ERR_clear_error();
	return sent;
}

ssize_t handshake_read_early(struct wire *wire, void *buf, size_t len, bool *over)
{
	size_t got;
	int ret;

	*over = false;
	wire->suspended = false;
	ERR_clear_error();
	switch (SSL_read_early_data(wire->ssl, buf, len, &got)) {
	case SSL_READ_EARLY_DATA_SUCCESS:
		return (ssize_t)got;
	case SSL_READ_EARLY_DATA_FINISH:
		*over = true;
		return 0;
	}
	ret = error_from_ssl(wire, 0);
	return ret == -EAGAIN ? 0 : ret;
}

bool handshake_took_early(const struct wire *wire)
{
	return SSL_get_early_data_status(wire->ssl) == SSL_EARLY_DATA_ACCEPTED;
}

int handshake_step(struct wire *wire)
{
	int ret;

	wire->suspended = false;
	ERR_clear_error();
	ret = SSL_do_handshake(wire->ssl);
	if (ret == 1)
		return 0;
	return error_from_ssl(wire, ret);
}

int tlsring_watch(struct ssl_st *ssl)
{
	return wire_watch(ssl);
}

int tlsring_handshake_result(struct ssl_st *ssl, int ret)
{
	struct wire *wire = wire_of(ssl);
	int why;

	if (!wire)
		return -EINVAL;
	if (ret == 1)
		return 0;
	why = SSL_get_error(ssl, ret);
	switch (why) {
	case SSL_ERROR_WANT_READ:
		return TLSRING_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLSRING_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return TLSRING_EREFUSED;
	}
	if (error_suspends(why))
		return TLSRING_WANT_CALLBACK;
	if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_CONNECTION_TYPE_NOT_SET)
		return -EINVAL;
	return ret ? error_from_ssl(wire, ret) : TLSRING_EREFUSED;
}

int tlsring_handshake(struct ssl_st *ssl)
{
	if (!wire_of(ssl))
		return -EINVAL;
	ERR_clear_error();
	return tlsring_handshake_result(ssl, SSL_do_handshake(ssl));
}

bool handshake_done(const struct wire *wire)
{
	return SSL_is_init_finished(wire->ssl);
}

void handshake_result(const struct wire *wire, const char **cipher, uint16_t *version, bool *server)
{
	*cipher = SSL_CIPHER_get_name(SSL_get_current_cipher(wire->ssl));
	*version = (uint16_t)SSL_version(wire->ssl);
	*server = SSL_is_server(wire->ssl);
}

int handshake_alpn(const struct wire *wire, char **out)
{
	const unsigned char *name;
	unsigned len;

	SSL_get0_alpn_selected(wire->ssl, &name, &len);
	*out = len ? strndup((const char *)name, len) : NULL;
	return len && !*out ? -ENOMEM : 0;
}

int handshake_server_name(const struct wire *wire, char **out)
{
	const char *name = SSL_get_servername(wire->ssl, TLSEXT_NAMETYPE_host_name);

	*out = name ? strdup(name) : NULL;
	return name && !*out ? -ENOMEM : 0;
}

bool handshake_resumed(const struct wire *wire)
{
	return SSL_session_reused(wire->ssl);
}

int handshake_verdict(const struct wire *wire)
{
	return (int)SSL_get_verify_result(wire->ssl);
}

bool handshake_caches(const struct wire *wire)
{
	return SSL_CTX_get_session_cache_mode(SSL_get_SSL_CTX(wire->ssl)) & SSL_SESS_CACHE_CLIENT;
}

int handshake_export(struct wire *wire, struct ktls_algorithms *algorithms,
		     struct ktls_session **out, enum tlsring_reason *why)
{
	return ktls_export(wire->ssl, algorithms, out, why);
}

void handshake_wipe(struct wire *wire, const struct ktls_session *session, enum ktls_direction dir)
{
	ktls_export_wipe(wire->ssl, session, dir);
}
