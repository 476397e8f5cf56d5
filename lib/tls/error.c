// SPDX-License-Identifier: MIT
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include "lib/tls/error.h"
#include "lib/tlsring.h"

/* libssl's words for the two most frequent strangers say nothing to most people. */
static const char *error_detail(const struct wire *wire, unsigned long code)
{
	if (ERR_GET_LIB(code) == ERR_LIB_SSL) {
		switch (ERR_GET_REASON(code)) {
		case SSL_R_CERTIFICATE_VERIFY_FAILED:
			return X509_verify_cert_error_string(SSL_get_verify_result(wire->ssl));
		case SSL_R_HTTP_REQUEST:
			return "a plain HTTP request came instead of TLS";
		case SSL_R_WRONG_VERSION_NUMBER:
		case SSL_R_BAD_RECORD_TYPE:
			return "what came is not TLS";
		}
	}
	return ERR_reason_error_string(code);
}

bool error_suspends(int why)
{
	switch (why) {
	case SSL_ERROR_WANT_X509_LOOKUP:
	case SSL_ERROR_WANT_CLIENT_HELLO_CB:
	case SSL_ERROR_WANT_RETRY_VERIFY:
	case SSL_ERROR_WANT_ASYNC:
	case SSL_ERROR_WANT_ASYNC_JOB:
		return true;
	default:
		return false;
	}
}

int error_from_ssl(struct wire *wire, int ret)
{
	int error = errno, why = SSL_get_error(wire->ssl, ret), result;
	unsigned long code;

	switch (why) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return -EAGAIN;
	case SSL_ERROR_SYSCALL:
		return error ? -error : -EPIPE;
	}
	if (error_suspends(why)) {
		wire->suspended = true;
		return -EAGAIN;
	}
	code = ERR_peek_error();
	if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		ERR_clear_error();
		return -EPIPE;
	}
	if (wire->alert_got >= 0)
		result = TLSRING_EALERT_RECEIVED(wire->alert_got);
	else if (wire->alert_sent >= 0)
		result = TLSRING_EALERT_SENT(wire->alert_sent);
	else
		result = TLSRING_ELIBRARY;
	wire->http = ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST;
	wire->detail = code ? error_detail(wire, code) : NULL;
	ERR_clear_error();
	return result;
}
