// SPDX-License-Identifier: MIT
#include "tests/ktls/record.h"

static size_t from_hex(const char *hex, uint8_t *out)
{
	size_t len = 0;

	for (unsigned byte; sscanf(hex, " %2x", &byte) == 1; hex += strcspn(hex, " ") == 0 ? 3 : 2)
		out[len++] = (uint8_t)byte;
	return len;
}

static void expect_hex(const uint8_t *got, const char *hex)
{
	uint8_t want[256];
	size_t len = from_hex(hex, want);

	EQ_MEM(got, want, len);
}

static struct ktls_session *session_of(uint16_t version, uint16_t id)
{
	struct ktls_session *session;

	CHECK(!ktls_session_new(&session));
	session->cipher = ktls_cipher_find(version, id);
	session->version = version;
	CHECK(session->cipher);
	return session;
}

static void expect_keys(const struct ktls_session *session, enum ktls_direction dir,
			const char *key, const char *iv)
{
	struct ktls_keys keys;

	EQ(ktls_schedule_keys(session, dir, &keys), 0);
	expect_hex(keys.key, key);
	expect_hex(keys.iv, iv);
	ktls_keys_wipe(&keys);
	for (size_t i = 0; i < sizeof(keys); i++)
		EQ(((uint8_t *)&keys)[i], 0);
}

static void set_secret(struct ktls_session *session, enum ktls_direction dir, const char *hex)
{
	session->dir[dir].len = (uint8_t)from_hex(hex, session->dir[dir].bytes);
	EQ(session->dir[dir].len, 32);
}

/* RFC 8448, 3 "Simple 1-RTT Handshake": TX is the server's direction. */
TEST(rfc8448_handshake_keys)
{
	struct ktls_session *session = session_of(0x0304, 0x1301);

	set_secret(session, KTLS_TX,
		   "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
	set_secret(session, KTLS_RX,
		   "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21");
	expect_keys(session, KTLS_TX, "3fce516009c21727d0f2e4e86ee403bc",
		    "5d313eb2671276ee13000b30");
	expect_keys(session, KTLS_RX, "dbfaa693d1762c5b666af5d950258d01",
		    "5bd3c71b836e0b76bb73265f");
	ktls_session_free(session);
}

static struct ktls_session *rfc8448_application(void)
{
	struct ktls_session *session = session_of(0x0304, 0x1301);

	set_secret(session, KTLS_TX,
		   "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643");
	set_secret(session, KTLS_RX,
		   "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5");
	return session;
}

TEST(rfc8448_application_keys)
{
	struct ktls_session *session = rfc8448_application();

	expect_keys(session, KTLS_TX, "9f02283b6c9c07efc26bb9f2ac92e356",
		    "cf782b88dd83549aadf1e984");
	expect_keys(session, KTLS_RX, "17422dda596ed5d9acd890e3c63f5051",
		    "5b78923dee08579033e523d9");
	ktls_session_free(session);
}

/* The client's first record of application data, the bytes 0 to 49. */
TEST(rfc8448_record)
{
	static const char hex[] =
		"17 03 03 00 43 a2 3f 70 54 b6 2c 94 d0 af fa fe 82 28 ba 55 cb ef ac ea "
		"42 f9 14 aa 66 bc ab 3f 2b 98 19 a8 a5 b4 6b 39 5b d5 4a 9a 20 44 1e 2b 62 97 4e "
		"1f 5a 62 "
		"92 a2 97 70 14 bd 1e 3d ea e6 3a ee bb 21 69 49 15 e4";
	struct ktls_session *session = rfc8448_application();
	uint8_t record[RECORD_MAX], sealed[RECORD_MAX], copy[128], type, *content;
	size_t len, whole = from_hex(hex, record);

	memcpy(copy, record, whole);
	CHECK(record_open(session, KTLS_RX, 0, record, &type, &content, &len));
	EQ(type, 23);
	EQ(len, 50);
	for (size_t i = 0; i < len; i++)
		EQ(content[i], i);
	EQ(record_seal(session, KTLS_RX, 0, 23, content, len, sealed), whole);
	EQ_MEM(sealed, copy, whole);
	memcpy(record, copy, whole);
	CHECK(!record_open(session, KTLS_RX, 1, record, &type, &content, &len));
	ktls_session_free(session);
}

/* The first TLS 1.2 KDF vector with SHA-256 of NIST's CAVP. */
TEST(tls12_key_block)
{
	static const char master_hex[] =
		"202c88c00f84a17a20027079604787461176455539e705be730890602c289a50"
		"01e34eeb3a043e5d52a65e66125188bf";
	static const char server_hex[] =
		"ae6c806f8ad4d80784549dff28a4b58fd837681a51d928c3e30ee5ff14f39868";
	static const char client_hex[] =
		"62e1fd91f23f558a605f28478c58cf72637b89784d959df7e946d3f07bd1b616";
	uint8_t master[48], server_random[32], client_random[32];

	EQ(from_hex(master_hex, master), 48);
	EQ(from_hex(server_hex, server_random), 32);
	EQ(from_hex(client_hex, client_random), 32);
	for (int server = 0; server < 2; server++) {
		struct ktls_session *session = session_of(0x0303, 0xc02f);
		enum ktls_direction client_writes = server ? KTLS_RX : KTLS_TX;

		session->dir[KTLS_TX].seq = 7;
		EQ(ktls_schedule_tls12(session, server, master, 48, client_random, server_random),
		   0);
		expect_keys(session, client_writes, "d06139889fffac1e3a71865f504aa5d0", "016a2530");
		expect_keys(session, !client_writes, "d2a2e89506c6f2279b670c3e1b74f531",
			    "c51a3a0f");
		EQ(session->dir[KTLS_TX].seq, 7);
		ktls_session_free(session);
	}
}

TEST(next_secret)
{
	struct ktls_session *session = rfc8448_application();
	uint8_t before[32];

	memcpy(before, session->dir[KTLS_TX].bytes, sizeof(before));
	session->dir[KTLS_TX].seq = session->dir[KTLS_RX].seq = 99;
	EQ(ktls_schedule_next(session, KTLS_TX), 0);
	CHECK(memcmp(before, session->dir[KTLS_TX].bytes, sizeof(before)));
	EQ(session->dir[KTLS_TX].len, 32);
	EQ(session->dir[KTLS_TX].seq, 0);
	EQ(session->dir[KTLS_RX].seq, 99);
	expect_hex(session->dir[KTLS_RX].bytes,
		   "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5");
	ktls_session_free(session);
}

TEST(nothing_from_nothing)
{
	struct ktls_session *session = rfc8448_application();
	struct ktls_keys keys;

	ktls_session_forget(session, KTLS_TX);
	EQ(ktls_schedule_keys(session, KTLS_TX, &keys), -EIO);
	EQ(ktls_schedule_next(session, KTLS_TX), -EIO);
	EQ(ktls_schedule_keys(session, KTLS_RX, &keys), 0);
	ktls_session_free(session);
	session = session_of(0x0303, 0xc02f);
	session->dir[KTLS_TX].len = 20;
	EQ(ktls_schedule_next(session, KTLS_TX), -EIO);	/* TLS 1.2 has no next secret */
	ktls_session_free(session);
}
