/* SPDX-License-Identifier: MIT */
#ifndef LIB_TLS_HANDSHAKE_H
#define LIB_TLS_HANDSHAKE_H

#include <sys/types.h>
#include "ktls/session.h"
#include "ktls/tlsring_reason.h"
#include "lib/tls/wire.h"

struct ssl_session_st;

/* A client, before its first step: whom it wants, and what to resume; both may be NULL. A name that
 * is an IP address is checked against the certificate but not sent. 0, -EINVAL, -ENOMEM. */
int handshake_aim(struct wire *wire, const char *name, struct ssl_session_st *session);
/* A client that resumes: put data into its first flight. False: the session does not permit it. */
bool handshake_send_early(struct wire *wire, const void *data, size_t len);
/* A server, as its first steps: the client's early data. Bytes; 0: none for now, *over tells whether
 * ever, then go on with handshake_step(); else the result the connection ends with. */
ssize_t handshake_read_early(struct wire *wire, void *buf, size_t len, bool *over);
/* Afterwards: did the server take the early data? */
bool handshake_took_early(const struct wire *wire);
/* Go on with SSL_do_handshake over what was fed. 0: done; -EAGAIN: send what there is to send,
 * feed more; else the result the connection ends with. */
int handshake_step(struct wire *wire);
bool handshake_done(const struct wire *wire);
/* What was negotiated: static strings and wire values; after the handshake only. */
void handshake_result(const struct wire *wire, const char **cipher, uint16_t *version, bool *server);
/* The protocol agreed on: *out is the caller's, NULL: none was. 0 or -ENOMEM. */
int handshake_alpn(const struct wire *wire, char **out);
/* The name that the client asked for; as above. */
int handshake_server_name(const struct wire *wire, char **out);
/* An earlier session was resumed. */
bool handshake_resumed(const struct wire *wire);
/* X509_V_OK or X509_V_ERR_...: what was found about the peer's certificate. */
int handshake_verdict(const struct wire *wire);
/* A client: does its SSL_CTX keep sessions, so that tickets are of use? */
bool handshake_caches(const struct wire *wire);
/* The session's keys, see ktls_export(). */
int handshake_export(struct wire *wire, struct ktls_algorithms *algorithms,
		     struct ktls_session **out, enum tlsring_reason *why);
/* libssl's own copy of a direction's secret, which it needs no more, see ktls_export_wipe(). */
void handshake_wipe(struct wire *wire, const struct ktls_session *session, enum ktls_direction dir);

#endif
