// SPDX-License-Identifier: MIT
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/ssl.h>
#include "ktls/export.h"
#include "lib/tls/wire.h"

#define WIRE_FIRST_ROOM	4096	/* a server's first flight with one ECDSA certificate fits */

static BIO_METHOD *wire_method;
static int wire_index;			/* of the SSL's ex_data that points back at its wire */
static pthread_once_t wire_once = PTHREAD_ONCE_INIT;

static int wire_bio_read(BIO *bio, char *data, size_t len, size_t *got)
{
	struct wire *wire = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (!wire->in_len) {
		BIO_set_retry_read(bio);
		return 0;
	}
	*got = len < wire->in_len ? len : wire->in_len;
	memcpy(data, wire->in, *got);
	wire->in += *got;
	wire->in_len -= *got;
	return 1;
}

static int wire_bio_write(BIO *bio, const char *data, size_t len, size_t *put)
{
	struct wire *wire = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (wire->out_len + len > wire->out_room) {
		size_t room = wire->out_room ? wire->out_room : WIRE_FIRST_ROOM;
		uint8_t *larger;

		while (room < wire->out_len + len)
			room *= 2;
		larger = realloc(wire->out, room);
		if (!larger)
			return 0;
		wire->out = larger;
		wire->out_room = room;
	}
	memcpy(wire->out + wire->out_len, data, len);
	wire->out_len += len;
	*put = len;
	return 1;
}

static long wire_bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	struct wire *wire = BIO_get_data(bio);

	(void)num, (void)ptr;
	switch (cmd) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_PENDING:
		return (long)wire->in_len;
	case BIO_CTRL_WPENDING:
		return (long)wire->out_len;
	}
	return 0;
}

/* The SSL goes, and its wire with it. */
static void wire_drop(void *parent, void *data, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
	struct wire *wire = data;

	(void)parent, (void)ad, (void)index, (void)argl, (void)argp;
	if (!wire)
		return;
	free(wire->out);
	free(wire);
}

/* SSL_dup() must not create a second owner: the duplicate has no wire. */
static int wire_dup(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **data, int index,
		    long argl, void *argp)
{
	(void)to, (void)from, (void)index, (void)argl, (void)argp;
	*data = NULL;
	return 1;
}

static void wire_method_make(void)
{
	wire_index = SSL_get_ex_new_index(0, NULL, NULL, wire_dup, wire_drop);
	if (wire_index < 0)
		return;
	wire_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tlsring wire");
	if (!wire_method)
		return;
	BIO_meth_set_read_ex(wire_method, wire_bio_read);
	BIO_meth_set_write_ex(wire_method, wire_bio_write);
	BIO_meth_set_ctrl(wire_method, wire_bio_ctrl);
}

/* Is it the end of the connection, and not a clean one? */
static bool wire_fatal(const SSL *ssl, int alert)
{
	int description = alert & 0xff;

	if (description == SSL_AD_CLOSE_NOTIFY || description == SSL_AD_USER_CANCELLED)
		return false;
	return alert >> 8 == SSL3_AL_FATAL || SSL_version(ssl) >= TLS1_3_VERSION;
}

/* Chains to the callback that the owner of the SSL or the SSL_CTX set. A duplicate of the SSL
 * has this callback too, but no wire. */
static void wire_info(const SSL *ssl, int where, int value)
{
	struct wire *wire = SSL_get_ex_data(ssl, wire_index);
	void (*chained)(const SSL *, int, int) = wire ? wire->chained : NULL;

	if (!chained)
		chained = SSL_CTX_get_info_callback(SSL_get_SSL_CTX(ssl));
	if (wire && where & SSL_CB_ALERT && wire_fatal(ssl, value)) {
		if (where & SSL_CB_WRITE)
			wire->alert_sent = (int16_t)(value & 0xff);
		else
			wire->alert_got = (int16_t)(value & 0xff);
	}
	if (chained)
		chained(ssl, where, value);
}

struct wire *wire_of(const struct ssl_st *ssl)
{
	pthread_once(&wire_once, wire_method_make);
	return wire_method ? SSL_get_ex_data(ssl, wire_index) : NULL;
}

/* Also around an SSL that has a wire, which begins anew, as after SSL_clear(). */
static int wire_around(struct wire **out, SSL *ssl)
{
	struct wire *wire = wire_of(ssl), *made = NULL;
	void (*chained)(const SSL *, int, int) = SSL_get_info_callback(ssl);

	if (!wire)
		wire = made = calloc(1, sizeof(*wire));
	if (!wire || (made && !SSL_set_ex_data(ssl, wire_index, wire))) {
		free(made);
		return -ENOMEM;
	}
	if (chained == wire_info)
		chained = wire->chained;
	*wire = (struct wire){ .ssl = ssl, .chained = chained, .alert_sent = -1, .alert_got = -1 };
	SSL_set_info_callback(ssl, wire_info);
	*out = wire;
	return 0;
}

static BIO *wire_bio(struct wire *wire)
{
	BIO *bio = BIO_new(wire_method);

	if (bio) {
		BIO_set_data(bio, wire);
		BIO_set_init(bio, 1);
	}
	return bio;
}

int wire_new(struct wire **out, struct ssl_ctx_st *ssl_ctx, bool server)
{
	struct wire *wire;
	BIO *bio = NULL;
	SSL *ssl;

	pthread_once(&wire_once, wire_method_make);
	if (!wire_method)
		return -ENOMEM;
	ssl = SSL_new(ssl_ctx);
	if (!ssl || ktls_export_watch(ssl) || wire_around(&wire, ssl)) {
		SSL_free(ssl);
		return -ENOMEM;
	}
	bio = wire_bio(wire);
	if (!bio) {
		wire_free(wire);
		return -ENOMEM;
	}
	SSL_set_bio(ssl, bio, bio);
	/* libssl must leave in our hands what follows the peer's Finished. */
	SSL_set_read_ahead(ssl, 0);
	if (server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	*out = wire;
	return 0;
}

int wire_watch(struct ssl_st *ssl)
{
	struct wire *wire = wire_of(ssl);

	/* The engine's own connections are no business of their callbacks. */
	if (SSL_is_dtls(ssl) || (wire && !wire->adopted))
		return -EINVAL;
	if (!wire_method || ktls_export_watch(ssl) || wire_around(&wire, ssl))
		return -ENOMEM;
	wire->adopted = true;
	return 0;
}

int wire_divert(struct wire *wire)
{
	BIO *bio;

	if (!wire->adopted)
		return 0;
	bio = wire_bio(wire);
	if (!bio)
		return -ENOMEM;
	SSL_set_bio(wire->ssl, bio, bio);
	wire->adopted = false;
	return 0;
}

void wire_free(struct wire *wire)
{
	if (!wire)
		return;
	/* The program may hold a reference to the SSL. */
	wire->owner = NULL;
	/* Else libssl takes the session out of its cache and forbids to resume it. A fatal alert
	 * has done so by itself. */
	SSL_set_shutdown(wire->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(wire->ssl);
}

void wire_feed(struct wire *wire, void *data, size_t len)
{
	wire->in = data;
	wire->in_len = len;
}

bool wire_pending(const struct wire *wire)
{
	return SSL_has_pending(wire->ssl) || BIO_pending(SSL_get_rbio(wire->ssl));
}

bool wire_flush(struct wire *wire)
{
	BIO *bio = SSL_get_wbio(wire->ssl);

	return BIO_flush(bio) > 0 && !BIO_wpending(bio);
}

int wire_use_socket(struct wire *wire, int fd, bool write)
{
	BIO *bio = write ? SSL_get_wbio(wire->ssl) : SSL_get_rbio(wire->ssl);
	int current = -1;

	/* A BIO pair answers BIO_get_fd() with success, and sets nothing. */
	if (BIO_method_type(bio) & BIO_TYPE_DESCRIPTOR && BIO_get_fd(bio, &current) >= 0 &&
	    current == fd)
		return 0;
	bio = BIO_new_socket(fd, BIO_NOCLOSE);
	if (!bio)
		return -ENOMEM;
	if (write)
		SSL_set0_wbio(wire->ssl, bio);
	else
		SSL_set0_rbio(wire->ssl, bio);
	return 1;
}

size_t wire_take(struct wire *wire, uint8_t **out)
{
	size_t len = wire->out_len;

	if (!len)
		return 0;
	*out = wire->out;
	wire->out = NULL;
	wire->out_len = wire->out_room = 0;
	return len;
}

int wire_put(struct wire *wire, const void *data, size_t len)
{
	return BIO_write(SSL_get_wbio(wire->ssl), data, (int)len) == (int)len ? 0 : -ENOMEM;
}

void wire_discard(struct wire *wire)
{
	wire->out_len = 0;
}
