/* SPDX-License-Identifier: MIT */
#ifndef KTLS_EXPORT_H
#define KTLS_EXPORT_H

#include <openssl/ssl.h>
#include "ktls/tlsring_reason.h"
#include "ktls/session.h"

/* Take over the keylog callback of an SSL_CTX, and chain to the one that was set. To be called
 * once, before any SSL_new(); a keylog callback that is set later replaces the capture. A
 * server-name callback may switch an SSL only to an SSL_CTX that was prepared too. Returns 0 or
 * -ENOMEM. */
int ktls_export_prepare(SSL_CTX *ctx);
/* Count the records of an SSL by its message callback. To be called before the first byte, and
 * again after SSL_clear(). libssl has no getter to chain with: a message callback that was set
 * before is lost, and one that is set later makes ktls_export() refuse or its numbers wrong. The
 * capture belongs to the SSL and is cleansed with it. Returns 0 or -ENOMEM. */
int ktls_export_watch(SSL *ssl);
/* Move the secrets of a finished handshake out of the capture, so that each pair of key and
 * sequence number is handed over once. The caller owns *out, whose keys are derived by
 * algorithms (NULL: the default ones). Returns 0; -EOPNOTSUPP, and sets *why, if no kernel can
 * take these keys; -EAGAIN if the handshake is unfinished, or the SSL holds a part of a record,
 * plaintext that SSL_read() has not returned, unsent output or a KeyUpdate to send; -EIO if
 * libcrypto failed. */
int ktls_export(SSL *ssl, struct ktls_algorithms *algorithms, struct ktls_session **out,
		enum tlsring_reason *why);
/* Wipe the SSL's copy of the session's secret for this direction, which SSL_free() would not
 * wipe. The SSL cannot follow a KeyUpdate of that direction afterwards. Does nothing if the
 * program gave libcrypto an allocator of its own. */
void ktls_export_wipe(SSL *ssl, const struct ktls_session *session, enum ktls_direction dir);
/* The next sequence number of the direction: records so far under its current key. */
uint64_t ktls_export_seq(const SSL *ssl, enum ktls_direction dir);

#endif
