/* SPDX-License-Identifier: MIT */
#ifndef KTLS_AEAD_H
#define KTLS_AEAD_H

#include <stdbool.h>
#include <sys/uio.h>
#include "ktls/session.h"

/*
 * Records of one direction, sealed or opened in user space: what the kernel does with the same
 * keys. TLS 1.2 and 1.3, every cipher of the table (RFC 8446, 5.2; RFC 5246, 6.2.3.3; RFC 7905).
 */

#define KTLS_RECORD_HEADER	5
#define KTLS_RECORD_PLAIN	16384	/* bytes of content in a record, at most */
/* What a record is longer than its content, at most: header, explicit nonce or content type, tag.
 */
#define KTLS_RECORD_OVERHEAD	(KTLS_RECORD_HEADER + 8 + 16)
/* A record that a peer may send: TLS 1.3 may pad, and 256 bytes may be added in all. */
#define KTLS_RECORD_MAX	(KTLS_RECORD_HEADER + KTLS_RECORD_PLAIN + 256)

/* A keyed context; zeroed: there is none. Part of its owner; the key is in libcrypto's memory. */
struct ktls_aead {
	struct evp_cipher_ctx_st *evp; /* owned */
	uint64_t *seq; /* number of the next record; the session's or the caller's */
	uint8_t iv[KTLS_IV_MAX];
	uint8_t key_len, tag_len;
	uint8_t explicit_len; /* bytes of the nonce that a record carries: TLS 1.2, GCM and CCM */
	bool tls13, ccm;
};

/* Key a context with a direction's current secret; seal: to seal, else to open. It counts in *seq,
 * which must never be set back under the same key. 0; -EIO; -EOPNOTSUPP: no provider has the
 * cipher. */
int ktls_aead_init(struct ktls_aead *aead, const struct ktls_session *session,
		   enum ktls_direction dir, bool seal, uint64_t *seq);
/* Cleanses and frees; zeroed is fine. */
void ktls_aead_wipe(struct ktls_aead *aead);

/*
 * Seal one record of `type`, whose content is `len` bytes, KTLS_RECORD_PLAIN at most, at *piece and
 * in the pieces behind it; they may end anywhere. `piece` and *skip, bytes of the first one that
 * are used up, move on. out has room for len + KTLS_RECORD_OVERHEAD and does not overlap them. The
 * record's length, or -EIO.
 */
long ktls_aead_seal(struct ktls_aead *aead, uint8_t type, const struct iovec **piece, size_t *skip,
		    size_t len, uint8_t *out);

struct ktls_opened {
	uint8_t *data; /* inside the record */
	size_t len;
	uint8_t type; /* of its content */
};

/* Length of the record that starts with these KTLS_RECORD_HEADER bytes, them included. -EMSGSIZE:
 * longer than permitted; -EINVAL: a version that is none; -EPROTO: of a type that has no place
 * here. */
long ktls_aead_length(const struct ktls_aead *aead, const uint8_t *header);
/*
 * Open the record, header and all, in place. 0, and *out; else *out is not set and the record's
 * bytes are lost: -EBADMSG: it was not sealed under this key with this number; -EMSGSIZE: its
 * content is too long; -EPROTO: no content type. Any of them is the end of the connection.
 */
int ktls_aead_open(struct ktls_aead *aead, uint8_t *record, size_t len, struct ktls_opened *out);

#endif
