// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include "tools/get/hints.h"
#include "tools/get/response.h"
#include "tools/common/address.h"
#include "tools/common/log.h"

#define ALERT(number)	TLSRING_EALERT_RECEIVED(number)

static const struct hints_remedy {
	int result;
	const char *text;
} hints_certificates[] = {
	{ X509_V_ERR_HOSTNAME_MISMATCH,
	  "it belongs to another server: use the name in the certificate" },
	{ X509_V_ERR_IP_ADDRESS_MISMATCH,
	  "it is not for this address: use the name in the certificate" },
	{ X509_V_ERR_CERT_HAS_EXPIRED,
	  "the server needs a new one, unless this machine's clock is wrong" },
	{ X509_V_ERR_CERT_NOT_YET_VALID, "is this machine's clock right?" },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "if it is the right one, trust it by --ca FILE" },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "to trust its authority, give that by --ca FILE" },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
	  "give its authority by --ca FILE, or install ca-certificates" },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
	  "give its authority by --ca FILE, or install ca-certificates" },
}, hints_results[] = {
	{ -ECONNREFUSED, "nothing listens there: is the port right, does the server run?" },
	{ -EHOSTUNREACH, "is the address right, and its network up?" },
	{ -ENETUNREACH, "is the address right, and this machine connected?" },
	{ -EADDRNOTAVAIL, "is the address right?" },
	{ -ETIMEDOUT, "is the server alive? --timeout waits longer" },
	{ -ECONNRESET, "the server broke it off: try again later" },
	{ -EPIPE, "the server broke it off: try again later" },
	{ -EOPNOTSUPP, "--offload require was given: --offload auto goes on in user space" },
	{ ALERT(SSL3_AD_HANDSHAKE_FAILURE),
	  "the server and this OpenSSL have no cipher in common" },
	{ ALERT(TLS1_AD_PROTOCOL_VERSION), "the server speaks neither TLS 1.2 nor 1.3" },
	{ ALERT(TLS1_AD_UNRECOGNIZED_NAME), "the server does not know this name" },
	{ ALERT(TLS1_AD_NO_APPLICATION_PROTOCOL), "the server does not speak HTTP/1.1" },
	{ ALERT(TLS13_AD_CERTIFICATE_REQUIRED),
	  "the server requires a client certificate: give --cert and --key" },
	{ ALERT(SSL3_AD_BAD_CERTIFICATE),
	  "the server does not accept our certificate: is --cert the right one?" },
	{ ALERT(SSL3_AD_UNSUPPORTED_CERTIFICATE),
	  "the server does not accept our certificate: is --cert the right one?" },
	{ ALERT(SSL3_AD_CERTIFICATE_EXPIRED),
	  "our certificate has expired: --cert needs a new one" },
	{ ALERT(SSL3_AD_CERTIFICATE_UNKNOWN),
	  "the server does not accept our certificate: is --cert the right one?" },
	{ ALERT(TLS1_AD_UNKNOWN_CA),
	  "the server does not know our certificate's authority: is --cert the right one?" },
	{ ALERT(TLS1_AD_ACCESS_DENIED), "the server denies access: is --cert the right one?" },
};

static const char *hints_find(const struct hints_remedy *table, size_t count, int result)
{
	for (size_t i = 0; i < count; i++)
		if (table[i].result == result)
			return table[i].text;
	return NULL;
}

const char *hints_end(char *buf, size_t room, const struct url *url, const struct tlsring_end *end)
{
	char address[ADDRESS_TEXT], text[160];
	const char *remedy;

	/* With --insecure there is a verdict, too, but only our alert means that it ended the
	 * handshake. */
	if (end->verify && tlsring_result_is_alert_sent(end->result)) {
		remedy = hints_find(hints_certificates,
				    sizeof(hints_certificates) / sizeof(*hints_certificates),
				    end->verify);
		snprintf(buf, room, "the certificate of %s is not trusted: %s; %s", url->authority,
			 X509_verify_cert_error_string(end->verify),
			 remedy ? remedy : "--insecure takes any certificate");
		return buf;
	}
	remedy = hints_find(hints_results, sizeof(hints_results) / sizeof(*hints_results),
			    end->result);
	tlsring_strerror(end->result, text, sizeof(text));
	snprintf(buf, room, "%s (%s): %s%s%s%s%s", url->authority,
		 address_text(&end->peer, address),
		 end->result ? text : "the server closed the connection without an answer",
		 *end->detail ? ": " : "", end->detail, remedy ? "; " : "", remedy ? remedy : "");
	return buf;
}

const char *hints_status(int status)
{
	switch (status) {
	case 401:
	case 403:
	case 407:
		return "; the server wants an authorisation that get cannot give";
	case 404:
	case 410:
		return "; is the URL right?";
	default:
		return response_may_pass(status) ? "; try again later" : "";
	}
}
