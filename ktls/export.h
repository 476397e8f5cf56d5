/* SPDX-License-Identifier: MIT */
#ifndef KTLS_EXPORT_H
#define KTLS_EXPORT_H

#include <openssl/ssl.h>
#include "ktls/tlsring_reason.h"
#include "ktls/session.h"

/* Once per SSL_CTX, before any SSL_new: takes over the keylog callback and
 * chains to the one the user had (set later, a user's callback would take the
 * capture's place). A server-name callback that switches an SSL to another
 * SSL_CTX needs that one prepared too. 0 or -ENOMEM. */
int ktls_export_prepare(SSL_CTX *ctx);
/* Once per SSL, before its first byte (and again after SSL_clear()): counts records by the message callback.
 * It takes that callback over for good: libssl has no getter to chain with, so
 * a user's own SSL_set_msg_callback before it is lost, and one after it makes
 * ktls_export() refuse or its numbers wrong. The capture belongs to the SSL
 * and is cleansed with it. 0 or -ENOMEM. */
int ktls_export_watch(SSL *ssl);
/* After the handshake. algorithms, NULL: the default ones, derive its keys from now on. *out is the
 * caller's. -EOPNOTSUPP with *why when these keys cannot go to any kernel; -EAGAIN when the SSL has
 * not finished, or still holds half a record, plaintext that SSL_read() has not given out, unsent
 * output or a KeyUpdate to send; -EIO when libcrypto failed. The secrets move
 * out of the capture on success: each (key, sequence) is handed over once.
 * A max_send_fragment of the application's own shows only when it cut one of
 * our handshake messages; unseen, the kernel sends larger records than asked. */
int ktls_export(SSL *ssl, struct ktls_algorithms *algorithms, struct ktls_session **out,
		enum tlsring_reason *why);
/* libssl frees an SSL without wiping the traffic secrets in it: wipe its copy of what session has for
 * this direction. The SSL can then not follow a KeyUpdate of it any more. Nothing is done where the
 * program gave libcrypto an allocator of its own. */
void ktls_export_wipe(SSL *ssl, const struct ktls_session *session, enum ktls_direction dir);
/* Records opened / sealed under the current key so far (next sequence number). */
uint64_t ktls_export_seq(const SSL *ssl, enum ktls_direction dir);

#endif
