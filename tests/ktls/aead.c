// SPDX-License-Identifier: MIT
/* The record layer of user space against libssl, against a second implementation (record.h) and RFC
 * 8448. */
#include "ktls/aead.h"
#include "ktls/control.h"
#include "tests/ktls/record.h"

#define ROUNDS 60

static unsigned aead_state;

static unsigned any(unsigned below)
{
	aead_state = aead_state * 1103515245 + 12345;
	return (aead_state >> 8 & 0xffffff) % below;
}

static void fill(uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)any(256);
}

/* One end of a connection, exported: libssl is the other. */
struct own {
	struct pair pair;
	SSL_CTX *ctx[2];
	SSL *own, *peer;
	BIO *in, *out; /* from and to the peer */
	struct ktls_session *session;
	struct ktls_aead aead[2]; /* by enum ktls_direction */
};

static bool own_new(struct own *o, const struct ktls_cipher *cipher, bool server)
{
	enum tlsring_reason why;

	*o = (struct own){ 0 };
	o->ctx[0] = pair_client_ctx(cipher->name);
	o->ctx[1] = pair_server_ctx(cipher->name);
	if (!o->ctx[1]) {
		SSL_CTX_free(o->ctx[0]);
		return false;
	}
	o->pair = pair_new(o->ctx[0], o->ctx[1]);
	pair_shake(&o->pair);
	pair_drain(o->pair.client);
	o->own = server ? o->pair.server : o->pair.client;
	o->peer = server ? o->pair.client : o->pair.server;
	o->in = server ? o->pair.to_server : o->pair.to_client;
	o->out = server ? o->pair.to_client : o->pair.to_server;
	EQ(ktls_export(o->own, NULL, &o->session, &why), 0);
	for (int dir = KTLS_TX; dir <= KTLS_RX; dir++)
		EQ(ktls_aead_init(&o->aead[dir], o->session, dir, dir == KTLS_TX,
				  &o->session->dir[dir].seq),
		   0);
	return true;
}

static void own_free(struct own *o)
{
	ktls_aead_wipe(&o->aead[KTLS_TX]);
	ktls_aead_wipe(&o->aead[KTLS_RX]);
	ktls_session_free(o->session);
	pair_free(&o->pair);
	SSL_CTX_free(o->ctx[0]);
	SSL_CTX_free(o->ctx[1]);
}

/* Content in pieces of any size, empty ones too; the second implementation says the same bytes. */
static void seal_one(struct own *o, const uint8_t *data, size_t len)
{
	uint8_t record[RECORD_MAX + 1], again[RECORD_MAX];
	struct iovec pieces[4];
	const struct iovec *at = pieces;
	size_t skip = 0, used = 0;
	uint64_t seq = o->session->dir[KTLS_TX].seq;
	long whole;

	for (int i = 0; i < 4; i++) {
		size_t step = i == 3 ? len - used : any((unsigned)(len - used) + 1);

		pieces[i] = (struct iovec){ (void *)(data + used), step };
		used += step;
	}
	record[len + KTLS_RECORD_OVERHEAD] = 0xa5;
	whole = ktls_aead_seal(&o->aead[KTLS_TX], KTLS_RECORD_APPLICATION, &at, &skip, len, record);
	CHECK(whole > 0 && (size_t)whole <= len + KTLS_RECORD_OVERHEAD);
	EQ(record[len + KTLS_RECORD_OVERHEAD], 0xa5);
	EQ(o->session->dir[KTLS_TX].seq, seq + 1);
	EQ(record_seal(o->session, KTLS_TX, seq, KTLS_RECORD_APPLICATION, data, len, again), whole);
	EQ_MEM(record, again, (size_t)whole);
	EQ(BIO_write(o->out, record, (int)whole), whole);
}

static void read_all(SSL *ssl, uint8_t *data, size_t len)
{
	while (len) {
		int got = SSL_read(ssl, data, (int)len);

		CHECK(got > 0);
		data += got;
		len -= (size_t)got;
	}
}

static void open_one(struct own *o, const uint8_t *want, size_t len)
{
	uint8_t record[RECORD_MAX];
	size_t whole = record_take(o->in, record);
	struct ktls_opened opened;

	CHECK(whole);
	EQ(ktls_aead_length(&o->aead[KTLS_RX], record), whole);
	EQ(ktls_aead_open(&o->aead[KTLS_RX], record, whole, &opened), 0);
	EQ(opened.type, KTLS_RECORD_APPLICATION);
	EQ(opened.len, len);
	EQ_MEM(opened.data, want, len);
}

static void both_ways(struct own *o)
{
	static uint8_t data[KTLS_RECORD_PLAIN], got[KTLS_RECORD_PLAIN];

	for (int i = 0; i < ROUNDS; i++) {
		size_t len = i < 2 ? KTLS_RECORD_PLAIN : 1 + any(i & 1 ? 100 : KTLS_RECORD_PLAIN);

		fill(data, len);
		seal_one(o, data, len);
		read_all(o->peer, got, len);
		EQ_MEM(got, data, len);
		EQ(SSL_write(o->peer, data, (int)len), len);
		open_one(o, data, len);
	}
}

TEST(against_libssl)
{
	const struct ktls_cipher *cipher;
	struct own o;

	for (unsigned i = 0; (cipher = ktls_cipher_at(i)); i++) {
		for (int server = 0; server < 2; server++) {
			if (!own_new(&o, cipher, server))
				continue;
			both_ways(&o);
			own_free(&o);
		}
	}
}

/* Every bit of a short record counts, and a number is good for one record only. */
TEST(nothing_forged)
{
	const struct ktls_cipher *cipher;
	struct own o;

	for (unsigned i = 0; (cipher = ktls_cipher_at(i)); i++) {
		uint8_t record[RECORD_MAX], copy[RECORD_MAX];
		struct ktls_opened opened;
		size_t whole;

		if (!own_new(&o, cipher, i & 1))
			continue;
		EQ(SSL_write(o.peer, "content", 7), 7);
		whole = record_take(o.in, record);
		for (size_t bit = 0; bit < 8 * whole; bit++) {
			/* The length is what the caller says. */
			if (bit / 8 == 3 || bit / 8 == 4)
				continue;
			memcpy(copy, record, whole);
			copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
			EQ(ktls_aead_open(&o.aead[KTLS_RX], copy, whole, &opened), -EBADMSG);
		}
		for (size_t len = 0; len < whole; len++) {
			memcpy(copy, record, whole);
			EQ(ktls_aead_open(&o.aead[KTLS_RX], copy, len, &opened), -EBADMSG);
		}
		memcpy(copy, record, whole);
		EQ(ktls_aead_open(&o.aead[KTLS_RX], copy, whole, &opened), 0);
		EQ_MEM(opened.data, "content", 7);
		memcpy(copy, record, whole);
		EQ(ktls_aead_open(&o.aead[KTLS_RX], copy, whole, &opened), -EBADMSG);
		own_free(&o);
	}
}

/* What a header may not say. */
TEST(headers)
{
	struct ktls_aead tls13 = { .tls13 = true }, tls12 = { .tls13 = false };

	EQ(ktls_aead_length(&tls13, (const uint8_t[]){ 23, 3, 3, 0x41, 0x00 }), 5 + 0x4100);
	EQ(ktls_aead_length(&tls13, (const uint8_t[]){ 23, 3, 3, 0x41, 0x01 }), -EMSGSIZE);
	EQ(ktls_aead_length(&tls13, (const uint8_t[]){ 23, 2, 3, 0, 20 }), -EINVAL);
	EQ(ktls_aead_length(&tls13, (const uint8_t[]){ 20, 3, 3, 0, 1 }), -EPROTO);
	EQ(ktls_aead_length(&tls13, (const uint8_t[]){ 21, 3, 3, 0, 2 }), -EPROTO);
	EQ(ktls_aead_length(&tls12, (const uint8_t[]){ 21, 3, 3, 0, 26 }), 31);
	EQ(ktls_aead_length(&tls12, (const uint8_t[]){ 23, 3, 1, 0, 26 }), -EINVAL);
}

static struct ktls_session *simple_session(void)
{
	struct ktls_session *session;

	CHECK(!ktls_session_new(&session));
	session->cipher = ktls_cipher_find(0x0304, 0x1301);
	session->version = 0x0304;
	for (int dir = KTLS_TX; dir <= KTLS_RX; dir++) {
		session->dir[dir].len = 32;
		memset(session->dir[dir].bytes, 7, 32);
	}
	return session;
}

/* Padding of any length goes; a record of nothing else, or with too much content, is none. */
TEST(padding)
{
	struct ktls_session *session = simple_session();
	struct ktls_aead aead = { 0 };
	static uint8_t content[KTLS_RECORD_PLAIN + 256], record[RECORD_MAX + 256];
	struct ktls_opened opened;
	size_t whole;

	EQ(ktls_aead_init(&aead, session, KTLS_RX, false, &session->dir[KTLS_RX].seq), 0);
	memcpy(content, "content\27\0\0\0", 11);
	/* The second implementation puts the type, here a zero, behind what it is given. */
	whole = record_seal(session, KTLS_TX, 0, 0, content, 200, record);
	EQ(ktls_aead_open(&aead, record, whole, &opened), 0);
	EQ(opened.len, 7);
	EQ(opened.type, 23);
	memset(content, 0, 11);
	whole = record_seal(session, KTLS_TX, 1, 0, content, 200, record);
	EQ(ktls_aead_open(&aead, record, whole, &opened), -EPROTO);
	whole = record_seal(session, KTLS_TX, 2, 23, content, KTLS_RECORD_PLAIN, record);
	EQ(ktls_aead_open(&aead, record, whole, &opened), 0);
	whole = record_seal(session, KTLS_TX, 3, 23, content, KTLS_RECORD_PLAIN + 1, record);
	EQ(ktls_aead_open(&aead, record, whole, &opened), -EMSGSIZE);
	ktls_aead_wipe(&aead);
	ktls_session_free(session);
}

/* The last number is never used, in either direction. */
TEST(numbers_end)
{
	struct ktls_session *session = simple_session();
	struct ktls_aead aead[2] = { 0 };
	struct iovec piece = { "x", 1 };
	const struct iovec *at = &piece;
	uint8_t record[64];
	struct ktls_opened opened;
	size_t skip = 0;

	for (int dir = KTLS_TX; dir <= KTLS_RX; dir++) {
		session->dir[dir].seq = UINT64_MAX - 1;
		EQ(ktls_aead_init(&aead[dir], session, dir, dir == KTLS_TX, &session->dir[dir].seq),
		   0);
	}
	EQ(ktls_aead_seal(&aead[KTLS_TX], 23, &at, &skip, 1, record), 23);
	EQ(ktls_aead_open(&aead[KTLS_RX], record, 23, &opened), 0);
	at = &piece;
	skip = 0;
	EQ(ktls_aead_seal(&aead[KTLS_TX], 23, &at, &skip, 1, record), -EIO);
	EQ(ktls_aead_open(&aead[KTLS_RX], record, 23, &opened), -EBADMSG);
	EQ(session->dir[KTLS_TX].seq, UINT64_MAX);
	for (int dir = KTLS_TX; dir <= KTLS_RX; dir++)
		ktls_aead_wipe(&aead[dir]);
	ktls_session_free(session);
}

/* RFC 8448, 3 "Simple 1-RTT Handshake": the client's first record of application data. */
TEST(rfc8448_record)
{
	static const uint8_t secret[] = {
		0x9e,
		0x40,
		0x64,
		0x6c,
		0xe7,
		0x9a,
		0x7f,
		0x9d,
		0xc0,
		0x5a,
		0xf8,
		0x88,
		0x9b,
		0xce,
		0x65,
		0x52,
		0x87,
		0x5a,
		0xfa,
		0x0b,
		0x06,
		0xdf,
		0x00,
		0x87,
		0xf7,
		0x92,
		0xeb,
		0xb7,
		0xc1,
		0x75,
		0x04,
		0xa5,
	},
			     sealed[] = {
				     0x17,
				     0x03,
				     0x03,
				     0x00,
				     0x43,
				     0xa2,
				     0x3f,
				     0x70,
				     0x54,
				     0xb6,
				     0x2c,
				     0x94,
				     0xd0,
				     0xaf,
				     0xfa,
				     0xfe,
				     0x82,
				     0x28,
				     0xba,
				     0x55,
				     0xcb,
				     0xef,
				     0xac,
				     0xea,
				     0x42,
				     0xf9,
				     0x14,
				     0xaa,
				     0x66,
				     0xbc,
				     0xab,
				     0x3f,
				     0x2b,
				     0x98,
				     0x19,
				     0xa8,
				     0xa5,
				     0xb4,
				     0x6b,
				     0x39,
				     0x5b,
				     0xd5,
				     0x4a,
				     0x9a,
				     0x20,
				     0x44,
				     0x1e,
				     0x2b,
				     0x62,
				     0x97,
				     0x4e,
				     0x1f,
				     0x5a,
				     0x62,
				     0x92,
				     0xa2,
				     0x97,
				     0x70,
				     0x14,
				     0xbd,
				     0x1e,
				     0x3d,
				     0xea,
				     0xe6,
				     0x3a,
				     0xee,
				     0xbb,
				     0x21,
				     0x69,
				     0x49,
				     0x15,
				     0xe4,
			     };
	struct ktls_session *session = simple_session();
	struct ktls_aead aead[2] = { { 0 } };
	uint8_t record[sizeof(sealed)], content[50];
	struct iovec all = { content, sizeof(content) };
	const struct iovec *piece = &all;
	struct ktls_opened opened;
	size_t skip = 0;

	for (int dir = KTLS_TX; dir <= KTLS_RX; dir++) {
		memcpy(session->dir[dir].bytes, secret, sizeof(secret));
		EQ(ktls_aead_init(&aead[dir], session, dir, dir == KTLS_TX,
				  &session->dir[dir].seq),
		   0);
	}
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)i;
	EQ(ktls_aead_seal(&aead[KTLS_TX], 23, &piece, &skip, sizeof(content), record), sizeof(sealed));
	EQ_MEM(record, sealed, sizeof(sealed));
	EQ(ktls_aead_open(&aead[KTLS_RX], record, sizeof(record), &opened), 0);
	EQ(opened.len, sizeof(content));
	EQ_MEM(opened.data, content, sizeof(content));
	ktls_aead_wipe(&aead[KTLS_TX]);
	ktls_aead_wipe(&aead[KTLS_RX]);
	ktls_session_free(session);
}
