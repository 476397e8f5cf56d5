// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "ktls/control.h"
#include "lib/tls/record.h"

int record_key(struct conn *conn, enum ktls_direction dir)
{
	struct ktls_session *session = conn->session;

	return ktls_aead_init(&conn->aead[dir], session, dir, dir == KTLS_TX,
			      &session->dir[dir].seq);
}

static int record_keyed(struct conn *conn, enum ktls_direction dir)
{
	return conn->aead[dir].evp ? 0 : record_key(conn, dir);
}

void record_unkey(struct conn *conn, enum ktls_direction dir)
{
	ktls_aead_wipe(&conn->aead[dir]);
}

/* ---- in ---- */

void record_feed(struct conn *conn, uint8_t *data, size_t len)
{
	conn->in = data;
	conn->in_len = len;
}

void record_drop(struct conn *conn)
{
	free(conn->held);
	conn->held = NULL;
	conn->held_len = 0;
	conn->in_len = 0;
}

/* The length of the record that starts at data. 0: not even its header is there. */
static long record_length(const struct conn *conn, const uint8_t *data, size_t len)
{
	return len < KTLS_RECORD_HEADER ? 0 : ktls_aead_length(&conn->aead[KTLS_RX], data);
}

/* Move bytes of the input behind those that are held, until there are `wanted`. True: there are. */
static bool record_hold(struct conn *conn, size_t wanted)
{
	size_t step = wanted - conn->held_len;

	if (step > conn->in_len)
		step = conn->in_len;
	memcpy(conn->held + conn->held_len, conn->in, step);
	conn->held_len += (uint32_t)step;
	conn->in += step;
	conn->in_len -= step;
	return conn->held_len == wanted;
}

/* Go on with a record that began in an earlier input. As record_next(). */
static int record_next_held(struct conn *conn, struct ktls_opened *out)
{
	uint8_t *larger;
	long len;

	if (conn->held_len < KTLS_RECORD_HEADER && !record_hold(conn, KTLS_RECORD_HEADER))
		return 0;
	len = record_length(conn, conn->held, conn->held_len);
	if (len < 0)
		return (int)len;
	if (conn->held_len == KTLS_RECORD_HEADER) {
		larger = realloc(conn->held, (size_t)len);
		if (!larger)
			return -ENOMEM;
		conn->held = larger;
	}
	if (!record_hold(conn, (size_t)len))
		return 0;
	conn->held_len = 0;
	len = ktls_aead_open(&conn->aead[KTLS_RX], conn->held, (size_t)len, out);
	return len ? (int)len : 1;
}

/* Keep what there is of an unfinished record; of a known length there is room for all of it. */
static int record_keep(struct conn *conn, size_t len)
{
	conn->held = malloc(len);
	if (!conn->held)
		return -ENOMEM;
	record_hold(conn, len);
	return 0;
}

int record_next(struct conn *conn, struct ktls_opened *out)
{
	uint8_t *record = conn->in;
	long len;

	len = conn->in_len ? record_keyed(conn, KTLS_RX) : 0;
	if (len)
		return (int)len;
	if (conn->held_len)
		return record_next_held(conn, out);
	/* The record in it was opened by the last call. */
	free(conn->held);
	conn->held = NULL;
	if (!conn->in_len)
		return 0;
	len = record_length(conn, record, conn->in_len);
	if (len < 0)
		return (int)len;
	if (!len || (size_t)len > conn->in_len)
		return record_keep(conn, len ? (size_t)len : KTLS_RECORD_HEADER);
	conn->in += len;
	conn->in_len -= (size_t)len;
	len = ktls_aead_open(&conn->aead[KTLS_RX], record, (size_t)len, out);
	return len ? (int)len : 1;
}

size_t record_missing(const struct conn *conn)
{
	if (!conn->held_len)
		return 0;
	if (conn->held_len < KTLS_RECORD_HEADER)
		return KTLS_RECORD_HEADER - conn->held_len;
	return KTLS_RECORD_HEADER + ((size_t)conn->held[3] << 8 | conn->held[4]) - conn->held_len;
}

/* ---- out ---- */

/* Room behind the output for so many bytes more; NULL: no memory. */
static uint8_t *record_room(struct conn *conn, size_t more)
{
	uint8_t *larger = realloc(conn->out, conn->out_len + more);

	if (larger)
		conn->out = larger;
	return larger ? larger + conn->out_len : NULL;
}

static long record_seal_to(struct conn *conn, uint8_t type, const struct iovec *piece, size_t len,
			   uint8_t *out)
{
	uint8_t *at = out;
	size_t skip = 0;
	int ret = record_keyed(conn, KTLS_TX);

	if (ret)
		return ret;
	do {
		size_t step = len < KTLS_RECORD_PLAIN ? len : KTLS_RECORD_PLAIN;
		long sealed = ktls_aead_seal(&conn->aead[KTLS_TX], type, &piece, &skip, step, at);

		if (sealed < 0)
			return sealed;
		at += sealed;
		len -= step;
	} while (len);
	return at - out;
}

int record_seal(struct conn *conn, uint8_t type, const void *data, size_t len)
{
	struct iovec all = { (void *)data, len };
	uint8_t *at = record_room(conn, len + (len / KTLS_RECORD_PLAIN + 1) * KTLS_RECORD_OVERHEAD);
	long sealed = at ? record_seal_to(conn, type, &all, len, at) : -ENOMEM;

	if (sealed < 0)
		return (int)sealed;
	conn->out_len += (size_t)sealed;
	return 0;
}

long record_seal_pieces(struct conn *conn, const struct iovec *pieces, size_t len, void *out)
{
	return record_seal_to(conn, KTLS_RECORD_APPLICATION, pieces, len, out);
}
