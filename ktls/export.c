// SPDX-License-Identifier: MIT
/*
 * A hand-over needs two things that libssl has no getter for. The keylog callback gives the traffic
 * secrets of TLS 1.3. The message callback counts the headers of records that libssl reads and
 * writes, which gives the record sequence numbers.
 *
 * A count restarts with each key. In TLS 1.3 the keylog event of a direction's traffic secret comes
 * between the last record under the old key and the first one under the new key. In TLS 1.2 a
 * ChangeCipherSpec record precedes record 0, which is Finished.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include "ktls/export.h"
#include "ktls/schedule.h"

#define EXPORT_HEADER	5
#define EXPORT_TAG	16

/* Belongs to the SSL, as its ex_data, and is freed with it. */
struct export_capture {
	struct ktls_session *session;	/* NULL after the hand-over */
	uint64_t seq[2];		/* by enum ktls_direction */
	uint8_t keyed;			/* bit by direction: seq is that of the current key */
	uint8_t outer_type;		/* of the last record written */
	uint16_t outer_len;
	enum tlsring_reason refusal;
};

static int export_ssl_index, export_ctx_index;
static pthread_once_t export_once = PTHREAD_ONCE_INIT;

static void export_free(struct export_capture *capture)
{
	if (capture)
		ktls_session_free(capture->session);
	free(capture);
}

static void export_drop(void *parent, void *data, CRYPTO_EX_DATA *ad, int index, long argl,
			void *argp)
{
	(void)parent, (void)ad, (void)index, (void)argl, (void)argp;
	export_free(data);
}

/* SSL_dup() must not create a second owner: the duplicate is not watched. */
static int export_dup(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **data, int index,
		      long argl, void *argp)
{
	(void)to, (void)from, (void)index, (void)argl, (void)argp;
	*data = NULL;
	return 1;
}

static void export_indices(void)
{
	export_ssl_index = SSL_get_ex_new_index(0, NULL, NULL, export_dup, export_drop);
	export_ctx_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

static bool export_ready(void)
{
	pthread_once(&export_once, export_indices);
	return export_ssl_index >= 0 && export_ctx_index >= 0;
}

static struct export_capture *export_capture(const SSL *ssl)
{
	return export_ready() ? SSL_get_ex_data(ssl, export_ssl_index) : NULL;
}

/* ---- secrets ---- */

static void export_secret(struct ktls_secret *secret, const char *hex)
{
	size_t len;

	secret->len = 0;
	if (OPENSSL_hexstr2buf_ex(secret->bytes, sizeof(secret->bytes), &len, hex, '\0') == 1)
		secret->len = (uint8_t)len;
}

/* A keylog line is "LABEL client_random secret". Labels of application traffic end in _0 or _N. */
static void export_take_line(const SSL *ssl, struct export_capture *capture, const char *line)
{
	static const char labels[2][24] = { "CLIENT_TRAFFIC_SECRET_", "SERVER_TRAFFIC_SECRET_" };
	bool server = line[0] == 'S';
	const char *hex = strrchr(line, ' ');
	enum ktls_direction dir;

	if (strncmp(line, labels[server], strlen(labels[server])) || !hex)
		return;
	dir = server == !!SSL_is_server(ssl) ? KTLS_TX : KTLS_RX;
	capture->seq[dir] = 0;
	capture->keyed |= (uint8_t)(1 << dir);
	if (capture->session)
		export_secret(&capture->session->dir[dir], hex + 1);
}

static void export_on_keylog(const SSL *ssl, const char *line)
{
	struct export_capture *capture = export_capture(ssl);
	SSL_CTX_keylog_cb_func chained;

	if (capture)
		export_take_line(ssl, capture, line);
	chained = (SSL_CTX_keylog_cb_func)SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl),
							      export_ctx_index);
	if (chained)
		chained(ssl, line);
}

int ktls_export_prepare(SSL_CTX *ctx)
{
	SSL_CTX_keylog_cb_func current = SSL_CTX_get_keylog_callback(ctx);

	if (!export_ready())
		return -ENOMEM;
	if (current == export_on_keylog)
		return 0;
	if (!SSL_CTX_set_ex_data(ctx, export_ctx_index, (void *)current))
		return -ENOMEM;
	SSL_CTX_set_keylog_callback(ctx, export_on_keylog);
	return 0;
}

/* ---- records ---- */

static void export_on_header(struct export_capture *capture, enum ktls_direction dir,
			     const uint8_t *header)
{
	if (header[0] == SSL3_RT_CHANGE_CIPHER_SPEC) {
		/* TLS 1.3 sends ChangeCipherSpec too, before its application keys, to no effect. */
		if (!capture->session || capture->session->dir[dir].len)
			return;
		capture->seq[dir] = 0;
		capture->keyed |= (uint8_t)(1 << dir);
		return;
	}
	capture->seq[dir]++;
	if (dir == KTLS_TX) {
		capture->outer_type = header[0];
		capture->outer_len = (uint16_t)(header[3] << 8 | header[4]);
	}
}

/* libssl has no getter for a padding callback, but a padded record that carries one of our
 * handshake messages is longer than the message needs. */
static void export_on_handshake(struct export_capture *capture, int version, size_t len)
{
	if (len > SSL3_RT_MAX_PLAIN_LENGTH)
		return;
	if (capture->outer_type == SSL3_RT_APPLICATION_DATA && version == TLS1_3_VERSION)
		len += 1 + EXPORT_TAG;
	else if (capture->keyed)
		return;
	if (capture->outer_len > len)
		capture->refusal = TLSRING_REASON_PADDING;
}

static void export_on_message(int written, int version, int type, const void *data, size_t len,
			      SSL *ssl, void *arg)
{
	struct export_capture *capture;

	(void)arg;
	if (type != SSL3_RT_HEADER && !(type == SSL3_RT_HANDSHAKE && written))
		return;
	capture = export_capture(ssl);
	if (!capture)
		return;
	if (type == SSL3_RT_HANDSHAKE)
		export_on_handshake(capture, version, len);
	else if (len == EXPORT_HEADER)
		export_on_header(capture, written ? KTLS_TX : KTLS_RX, data);
}

int ktls_export_watch(SSL *ssl)
{
	struct export_capture *capture, *former = export_capture(ssl);

	if (!export_ready())
		return -ENOMEM;
	capture = calloc(1, sizeof(*capture));
	if (!capture || ktls_session_new(&capture->session) ||
	    !SSL_set_ex_data(ssl, export_ssl_index, capture)) {
		export_free(capture);
		return -ENOMEM;
	}
	export_free(former);
	SSL_set_msg_callback(ssl, export_on_message);
	return 0;
}

uint64_t ktls_export_seq(const SSL *ssl, enum ktls_direction dir)
{
	const struct export_capture *capture = export_capture(ssl);

	return capture ? capture->seq[dir] : 0;
}

/* ---- export ---- */

/* Does the SSL hold nothing that would be lost with it: a part of a record that was read or
 * written, or plaintext that was not taken? */
static bool export_settled(const SSL *ssl)
{
	bool closed = SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN;

	/* In TLS 1.3 libssl counts a close_notify as pending for ever; nothing follows it. */
	return SSL_is_init_finished(ssl) && !SSL_want_write(ssl) &&
	       SSL_get_key_update_type(ssl) == SSL_KEY_UPDATE_NONE &&
	       (closed ? !SSL_pending(ssl) :
			 !SSL_has_pending(ssl) && strcmp(SSL_rstate_string(ssl), "RB"));
}

/* Are records limited by the max_fragment_length extension, or by SSL_set_max_send_fragment()? The
 * latter has no getter, but limits the split size, which has no effect without pipelines. */
static bool export_fragmented(SSL *ssl)
{
	uint8_t code = SSL_SESSION_get_max_fragment_length(SSL_get_session(ssl));

	return (code >= TLSEXT_max_fragment_length_512 &&
		code <= TLSEXT_max_fragment_length_4096) ||
	       !SSL_set_split_send_fragment(ssl, SSL3_RT_MAX_PLAIN_LENGTH);
}

static const struct ktls_cipher *export_cipher(const SSL *ssl)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);

	if (!cipher)
		return NULL;
	return ktls_cipher_find((uint16_t)SSL_version(ssl), SSL_CIPHER_get_protocol_id(cipher));
}

/* Was the SSL watched from its start? TLS 1.3 then has both secrets from the keylog, TLS 1.2 none,
 * but for those that remained from before SSL_clear(). */
static bool export_seen(const struct export_capture *capture, int version)
{
	bool tls13 = version == TLS1_3_VERSION;
	const struct ktls_session *session;

	if (!capture || !capture->session || capture->keyed != (1 << KTLS_TX | 1 << KTLS_RX))
		return false;
	session = capture->session;
	return !!session->dir[KTLS_TX].len == tls13 && !!session->dir[KTLS_RX].len == tls13;
}

static enum tlsring_reason export_refusal(SSL *ssl, const struct export_capture *capture)
{
	int version = SSL_version(ssl);

	if (version != TLS1_2_VERSION && version != TLS1_3_VERSION)
		return TLSRING_REASON_VERSION;
	if (!export_cipher(ssl))
		return TLSRING_REASON_CIPHER;
	if (SSL_get_current_compression(ssl))
		return TLSRING_REASON_COMPRESSION;
	if (export_fragmented(ssl))
		return TLSRING_REASON_RECORD_SIZE;
	if (SSL_get_record_padding_callback_arg(ssl))
		return TLSRING_REASON_PADDING;
	if (!export_seen(capture, version))
		return TLSRING_REASON_NO_SECRETS;
	return capture->refusal;
}

static int export_tls12(const SSL *ssl, struct ktls_session *session)
{
	uint8_t master[SSL_MAX_MASTER_KEY_LENGTH], client_random[32], server_random[32];
	size_t len = SSL_SESSION_get_master_key(SSL_get_session(ssl), master, sizeof(master));
	int ret = -EIO;

	if (len && SSL_get_client_random(ssl, client_random, 32) == 32 &&
	    SSL_get_server_random(ssl, server_random, 32) == 32)
		ret = ktls_schedule_tls12(session, SSL_is_server(ssl), master, len, client_random,
					  server_random);
	OPENSSL_cleanse(master, sizeof(master));
	return ret;
}

int ktls_export(SSL *ssl, struct ktls_algorithms *algorithms, struct ktls_session **out,
		enum tlsring_reason *why)
{
	struct export_capture *capture = export_capture(ssl);
	struct ktls_session *session;

	if (!export_settled(ssl))
		return -EAGAIN;
	*why = export_refusal(ssl, capture);
	if (*why)
		return -EOPNOTSUPP;
	session = capture->session;
	session->algorithms = algorithms;
	session->cipher = export_cipher(ssl);
	session->version = session->cipher->version;
	if (session->version == TLS1_2_VERSION && export_tls12(ssl, session))
		return -EIO;
	session->dir[KTLS_TX].seq = capture->seq[KTLS_TX];
	session->dir[KTLS_RX].seq = capture->seq[KTLS_RX];
	capture->session = NULL;
	*out = session;
	return 0;
}

/* The secrets are inside the SSL's own block of memory, where they are found by their value. */
void ktls_export_wipe(SSL *ssl, const struct ktls_session *session, enum ktls_direction dir)
{
	const struct ktls_secret *secret = &session->dir[dir];
	uint8_t *block = (uint8_t *)ssl, *at;
	CRYPTO_malloc_fn allocate;
	size_t len;

	CRYPTO_get_mem_functions(&allocate, NULL, NULL);
	if (allocate != CRYPTO_malloc || !secret->len)
		return;
	len = malloc_usable_size(ssl);
	while ((at = memmem(block, len, secret->bytes, secret->len)))
		explicit_bzero(at, secret->len);
}
