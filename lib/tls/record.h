/* SPDX-License-Identifier: MIT */
#ifndef LIB_TLS_RECORD_H
#define LIB_TLS_RECORD_H

#include "ktls/aead.h"
#include "lib/tls/state.h"

/*
 * The records of a connection whose keys were exported, in the directions that the kernel does not
 * have: bytes of the socket become records and back.
 */

/* Is the direction sealed or opened here? */
static inline bool record_own(const struct conn *conn, enum ktls_direction dir)
{
	return conn->session && conn->dir[dir].path == TLSRING_PATH_USER;
}
/* Key the direction with its current secret, as after each KeyUpdate; its first record does so by
 * itself, as many connections go to the kernel before. 0 or -errno. */
int record_key(struct conn *conn, enum ktls_direction dir);
/* The kernel has the direction: forget the key. */
void record_unkey(struct conn *conn, enum ktls_direction dir);

/* Lend bytes of the socket, to be opened in place, until record_next() returned 0. */
void record_feed(struct conn *conn, uint8_t *data, size_t len);
/* The next whole record. 1, and *out, which lives until the next call; 0: more bytes are needed;
 * else as ktls_aead_length() and ktls_aead_open(). */
int record_next(struct conn *conn, struct ktls_opened *out);
/* Bytes that are certainly missing until the stream stands between two records; 0: it does. */
size_t record_missing(const struct conn *conn);
/* What is left of an unfinished record is dropped, and what is fed from now on. */
void record_drop(struct conn *conn);

/* Seal all of data as records of `type` behind the output that waits (conn->out). 0 or -errno. */
int record_seal(struct conn *conn, uint8_t type, const void *data, size_t len);

/* The same of pieces, len bytes in all, into out, which has room for KTLS_RECORD_OVERHEAD more with
 * each KTLS_RECORD_PLAIN bytes or a rest of them. The length in out, or -errno. */
long record_seal_pieces(struct conn *conn, const struct iovec *pieces, size_t len, void *out);

#endif
