// SPDX-License-Identifier: MIT
/* Records as a peer that has the keys may seal them, whole, damaged and in pieces, opened in user space. */
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include "ktls/aead.h"
#include "lib/tls/control.h"
#include "lib/tls/machine.h"
#include "lib/tls/record.h"
#include "tests/fuzz/fuzz.h"

/* Both ends have the same secret: what the peer seals is what the connection opens. */
static struct ktls_session *sealed_session(bool tls13)
{
	struct ktls_session *session;

	if (ktls_session_new(&session))
		abort();
	session->version = tls13 ? KTLS_TLS13 : KTLS_TLS12;
	session->cipher = ktls_cipher_find(session->version, tls13 ? 0x1301 : 0xc02f);
	for (int dir = KTLS_TX; dir <= KTLS_RX; dir++) {
		session->dir[dir].len = tls13 ? 32 : 20;
		memset(session->dir[dir].bytes, 7, session->dir[dir].len);
	}
	return session;
}

/* Seal the content, which is its own type in TLS 1.3 too, and damage a byte if `damage` says so. */
static size_t sealed_record(struct ktls_aead *peer, uint8_t type, const uint8_t *data, size_t len,
			    unsigned damage, uint8_t *record)
{
	struct iovec all = { (void *)data, len };
	const struct iovec *piece = &all;
	size_t skip = 0;
	long whole = ktls_aead_seal(peer, type, &piece, &skip, len, record);

	if (whole < 0)
		abort();
	if (damage)
		record[damage % (unsigned)whole] ^= 0x11;
	return (size_t)whole;
}

/* Feed in pieces of this size at most, each its own block, so that reading past its end shows. */
static void sealed_feed(struct conn *conn, const uint8_t *record, size_t len, size_t size)
{
	while (len && conn_alive(conn)) {
		size_t step = len < size ? len : size;
		uint8_t *copy = malloc(step), *out;
		const uint8_t *opened;

		memcpy(copy, record, step);
		conn_feed(conn, copy, step);
		while (conn_read(conn, NULL, 0, &opened))
			;
		free(copy);
		if (conn_output(conn, &out))
			free(out);
		record += step;
		len -= step;
	}
}

/* Input: a byte of circumstances, then records: type, damage, size of the pieces, length, content. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ktls_caps none;
	struct tlsring_ctx ctx = { .caps = &none, .references = 2 };
	struct conn conn = { .ctx = &ctx, .state = CONN_OPEN, .server = size && data[0] & 2 };
	struct ktls_session *twin;
	struct ktls_aead peer = { 0 };
	uint64_t seq = 0;

	if (!size)
		return 0;
	conn.session = sealed_session(data[0] & 1);
	twin = sealed_session(data[0] & 1);
	conn.version = conn.session->version;
	if (record_key(&conn, KTLS_TX) || record_key(&conn, KTLS_RX) ||
	    ktls_aead_init(&peer, twin, KTLS_TX, true, &seq))
		abort();
	for (data++, size--; size >= 4 && conn.state == CONN_OPEN;) {
		size_t len = data[3] < size - 4 ? data[3] : size - 4;
		uint8_t record[256 + KTLS_RECORD_OVERHEAD];

		sealed_feed(&conn, record,
			    sealed_record(&peer, data[0], data + 4, len, data[1], record),
			    1 + data[2]);
		data += 4 + len;
		size -= 4 + len;
	}
	ktls_aead_wipe(&peer);
	ktls_session_free(twin);
	conn_wipe(&conn);
	return 0;
}
