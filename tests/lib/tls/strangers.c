// SPDX-License-Identifier: MIT
/*
 * Handshake messages that come after the handshake and have no place there: what asks for a
 * certificate, for a renegotiation, or makes no sense. They are sealed here with the peer's keys, as
 * no libssl would send them, and the answer is opened in the same way.
 */
#include "ktls/control.h"
#include "tests/ktls/record.h"
#include "tests/lib/ends.h"
#include "tests/lib/service.h"

struct stranger {
	const char *name;
	bool tls13, server;		/* what we are */
	uint8_t message[64];
	size_t len;
	uint8_t level, alert;		/* of the answer */
};

static const struct stranger strangers[] = {
	{ "a request for a certificate", true, false,
	  { 13, 0, 0, 12, 1, 'x', 0, 8, 0, 13, 0, 4, 0, 2, 4, 3 }, 16, 2, SSL_AD_UNEXPECTED_MESSAGE },
	{ "the same to a server", true, true,
	  { 13, 0, 0, 12, 1, 'x', 0, 8, 0, 13, 0, 4, 0, 2, 4, 3 }, 16, 2, SSL_AD_UNEXPECTED_MESSAGE },
	{ "another Finished", true, true, { 20, 0, 0, 32 }, 36, 2, SSL_AD_UNEXPECTED_MESSAGE },
	{ "a ticket for a server", true, true, { 4, 0, 0, 16 }, 20, 2, SSL_AD_UNEXPECTED_MESSAGE },
	{ "a HelloRequest", false, false, { 0, 0, 0, 0 }, 4, 1, SSL_AD_NO_RENEGOTIATION },
	{ "a Finished in TLS 1.2", false, true, { 20, 0, 0, 12 }, 16, 2, SSL_AD_UNEXPECTED_MESSAGE },
	{ "a KeyUpdate of a third kind", true, true, { 24, 0, 0, 1, 2 }, 5, 2, SSL_AD_ILLEGAL_PARAMETER },
	{ "two KeyUpdates in one record", true, true, { 24, 0, 0, 1, 0, 24, 0, 0, 1, 0 }, 10, 2, SSL_AD_UNEXPECTED_MESSAGE },
	{ "a KeyUpdate and half of another", true, true, { 24, 0, 0, 1, 0, 24, 0 }, 7, 2, SSL_AD_UNEXPECTED_MESSAGE },
	{ "nothing", true, true, { 0 }, 0, 2, SSL_AD_UNEXPECTED_MESSAGE },
};

struct meeting {
	struct ends ends;
	struct ktls_session *keys;	/* the peer's */
};

static void meeting_open(struct meeting *p, const struct stranger *stranger, const struct tlsring_ctx_options *options)
{
	const char *suite = stranger->tls13 ? "TLS_AES_128_GCM_SHA256" : "ECDHE-ECDSA-AES128-GCM-SHA256";

	*p = (struct meeting){ 0 };
	ends_prepare(&p->ends, stranger->server, suite, options);
	EQ(ktls_export_prepare(p->ends.peer_ctx), 0);
	ends_connect(&p->ends);
	EQ(ktls_export_watch(p->ends.peer), 0);
}

/* Byte 'x' goes both ways, so that all tickets have been read; then the peer's keys are ours. */
static void meeting_hand_over(struct meeting *p)
{
	enum tlsring_reason why;
	struct ends *e = &p->ends;
	char byte;
	int ret;

	ends_shake(e);
	while ((ret = tlsring_session_handover(e->session)) == -EAGAIN)
		peer_wait(e->fd, POLLIN);
	EQ(ret, 0);
	EQ(SSL_write(e->peer, "x", 1), 1);
	while (tlsring_session_recv(e->session, &byte, 1) == -EAGAIN)
		peer_wait(e->fd, POLLIN);
	EQ(tlsring_session_send(e->session, "x", 1), 1);
	while (SSL_read(e->peer, &byte, 1) != 1)
		peer_wait(e->peer_fd, POLLIN);
	EQ(ktls_export(e->peer, NULL, &p->keys, &why), 0);
}

static void meeting_close(struct meeting *p)
{
	ends_free(&p->ends);
	ktls_session_free(p->keys);
}

static void peer_seals(struct meeting *p, uint8_t type, const void *data, size_t len)
{
	uint8_t record[RECORD_MAX];
	size_t size = record_seal(p->keys, KTLS_TX, p->keys->dir[KTLS_TX].seq++, type, data, len, record);

	EQ(write(p->ends.peer_fd, record, size), size);
}

static void read_whole(int fd, uint8_t *buf, size_t len)
{
	while (len) {
		ssize_t got;

		peer_wait(fd, POLLIN);
		got = read(fd, buf, len);
		CHECK(got > 0);
		buf += got;
		len -= (size_t)got;
	}
}

static void peer_opens(struct meeting *p, uint8_t type, const void *data, size_t len)
{
	uint8_t record[RECORD_MAX], *content, got;
	size_t size;

	read_whole(p->ends.peer_fd, record, RECORD_HEADER);
	read_whole(p->ends.peer_fd, record + RECORD_HEADER, (size_t)(record[3] << 8 | record[4]));
	CHECK(record_open(p->keys, KTLS_RX, p->keys->dir[KTLS_RX].seq++, record, &got, &content, &size));
	EQ(got, type);
	EQ(size, len);
	EQ_MEM(content, data, len);
}

/* Data still flows both ways. */
static void goes_on(struct meeting *p)
{
	char buf[5];
	ssize_t got;

	peer_seals(p, KTLS_RECORD_APPLICATION, "hello", 5);
	while ((got = tlsring_session_recv(p->ends.session, buf, 5)) == -EAGAIN)
		peer_wait(p->ends.fd, POLLIN);
	EQ(got, 5);
	EQ_MEM(buf, "hello", 5);
	EQ(tlsring_session_send(p->ends.session, "world", 5), 5);
	peer_opens(p, KTLS_RECORD_APPLICATION, "world", 5);
}

static void meet_one(const struct stranger *stranger, const struct tlsring_ctx_options *options)
{
	struct meeting p;
	ssize_t got;
	char byte;

	printf("# %s\n", stranger->name);
	meeting_open(&p, stranger, options);
	meeting_hand_over(&p);
	peer_seals(&p, KTLS_RECORD_HANDSHAKE, stranger->message, stranger->len);
	peer_wait(p.ends.fd, POLLIN);
	got = tlsring_session_recv(p.ends.session, &byte, 1);
	EQ(got, stranger->level == 2 ? TLSRING_EALERT_SENT(stranger->alert) : -EAGAIN);
	peer_opens(&p, KTLS_RECORD_ALERT, (const uint8_t[]){ stranger->level, stranger->alert }, 2);
	if (stranger->level != 2)
		goes_on(&p);
	meeting_close(&p);
}

static void all(enum tlsring_offload offload, unsigned directions)
{
	struct tlsring_ctx_options options = { .size = sizeof(options), .offload = offload,
					       .directions = directions };

	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
		meet_one(&strangers[i], &options);
}

TEST(kernel) { all(TLSRING_OFFLOAD_AUTO, 0); }
TEST(kernel_sends) { all(TLSRING_OFFLOAD_AUTO, TLSRING_TX); }
TEST(kernel_receives) { all(TLSRING_OFFLOAD_AUTO, TLSRING_RX); }
TEST(user_space) { all(TLSRING_OFFLOAD_OFF, 0); }

/* A client that said it would show a certificate later shows none all the same. */
TEST(post_handshake_authentication_is_not_offered)
{
	const struct stranger *stranger = &strangers[0];
	struct tlsring_ctx_options options = { .size = sizeof(options) };
	struct meeting p;

	meeting_open(&p, stranger, &options);
	SSL_CTX_set_post_handshake_auth(p.ends.our_ctx, 1);
	tlsring_ctx_free(p.ends.ctx);
	EQ(tlsring_ctx_new(&p.ends.ctx, p.ends.our_ctx, &options), 0);
	SSL_free(p.ends.ours);
	p.ends.ours = SSL_new(p.ends.our_ctx);
	EQ(tlsring_watch(p.ends.ours), 0);
	SSL_set_fd(p.ends.ours, p.ends.fd);
	SSL_set_connect_state(p.ends.ours);
	meeting_hand_over(&p);
	EQ(SSL_verify_client_post_handshake(p.ends.peer), 0);
	EQ(ERR_GET_REASON(ERR_peek_error()), SSL_R_EXTENSION_NOT_RECEIVED);
	meeting_close(&p);
}

/* Its first byte alone is a KeyUpdate for the kernel, which then waits for the next key. */
static void in_parts(enum tlsring_offload offload, const char *parts)
{
	struct tlsring_ctx_options options = { .size = sizeof(options), .offload = offload };
	static const uint8_t message[] = { 24, 0, 0, 1, 0 };
	const uint8_t *at = message;
	bool over = offload != TLSRING_OFFLOAD_OFF && ktls_probe()->ulp && !ktls_probe()->rekey_rx;
	struct meeting p;
	char byte;

	meeting_open(&p, &strangers[1], &options);
	meeting_hand_over(&p);
	for (; *parts; at += *parts++ - '0') {
		peer_seals(&p, KTLS_RECORD_HANDSHAKE, at, (size_t)(*parts - '0'));
		peer_wait(p.ends.fd, POLLIN);
		EQ(tlsring_session_recv(p.ends.session, &byte, 1), over && !parts[1] ? -EKEYEXPIRED : -EAGAIN);
	}
	EQ(ktls_schedule_next(p.keys, KTLS_TX), 0);
	if (!over)
		goes_on(&p);
	meeting_close(&p);
}

TEST(key_update_in_parts_kernel)
{
	in_parts(TLSRING_OFFLOAD_AUTO, "5");
	in_parts(TLSRING_OFFLOAD_AUTO, "41");
	in_parts(TLSRING_OFFLOAD_AUTO, "11111");
}

TEST(key_update_in_parts_user_space) { in_parts(TLSRING_OFFLOAD_OFF, "11111"); }

static ssize_t echo(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct tlsring_message message = { .head = memcpy(user, data, 1), .head_len = 1, .file_fd = -1 };

	EQ(len, 1);
	EQ(tlsring_send(conn, &message), 0);
	return 1;
}

/* Meets an engine; what it is sent, all at once, is put together before. */
struct visit {
	struct meeting p;
	struct service service;
	uint8_t flight[1024], *end;
	char said;			/* by the engine */
};

static void visit_begin(struct visit *v, enum tlsring_io io)
{
	static const struct tlsring_handlers handlers = { .size = sizeof(handlers), .received = echo };
	struct tlsring_engine_options options = { .size = sizeof(options), .io = io };
	struct ends *e = &v->p.ends;
	enum tlsring_reason why;
	char byte;

	*v = (struct visit){ .end = v->flight };
	service_start(&v->service, peer_ctx(true, "TLS_AES_128_GCM_SHA256"), NULL, &options, &handlers, &v->said);
	e->peer_ctx = peer_ctx(false, "TLS_AES_128_GCM_SHA256");
	EQ(ktls_export_prepare(e->peer_ctx), 0);
	e->peer = SSL_new(e->peer_ctx);
	e->peer_fd = peer_tcp(v->service.port);
	SSL_set_fd(e->peer, e->peer_fd);
	EQ(ktls_export_watch(e->peer), 0);
	EQ(SSL_connect(e->peer), 1);
	EQ(SSL_write(e->peer, "x", 1), 1);
	EQ(SSL_read(e->peer, &byte, 1), 1);
	EQ(ktls_export(e->peer, NULL, &v->p.keys, &why), 0);
}

static void visit_seals(struct visit *v, uint8_t type, const void *data, size_t len)
{
	v->end += record_seal(v->p.keys, KTLS_TX, v->p.keys->dir[KTLS_TX].seq++, type, data, len, v->end);
}

static void visit_sends(struct visit *v)
{
	EQ(write(v->p.ends.peer_fd, v->flight, (size_t)(v->end - v->flight)), v->end - v->flight);
}

static void visit_end(struct visit *v)
{
	ktls_session_free(v->p.keys);
	peer_free(v->p.ends.peer);
	service_stop(&v->service);
	SSL_CTX_free(v->p.ends.peer_ctx);
}

/* Is a KeyUpdate followed? */
static bool key_changes(void)
{
	return !ktls_probe()->ulp || (ktls_probe()->rekey_rx && ktls_probe()->rekey_tx);
}

/* With data under the next key behind it. */
static void in_parts_engine(enum tlsring_io io, const char *parts)
{
	static const uint8_t message[] = { 24, 0, 0, 1, 0 };
	struct visit v;

	visit_begin(&v, io);
	for (const uint8_t *at = message; *parts; at += *parts++ - '0')
		visit_seals(&v, KTLS_RECORD_HANDSHAKE, at, (size_t)(*parts - '0'));
	EQ(ktls_schedule_next(v.p.keys, KTLS_TX), 0);
	visit_seals(&v, KTLS_RECORD_APPLICATION, "!", 1);
	visit_sends(&v);
	if (key_changes())
		peer_opens(&v.p, KTLS_RECORD_APPLICATION, "!", 1);
	visit_end(&v);
}

static void all_parts_engine(enum tlsring_io io)
{
	static const char *const ways[] = { "5", "41", "14", "11111" };

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		in_parts_engine(io, ways[i]);
}

TEST(key_update_in_parts_ring) { all_parts_engine(TLSRING_IO_URING); }
TEST(key_update_in_parts_epoll) { all_parts_engine(TLSRING_IO_EPOLL); }

/* An alert behind our own KeyUpdate has the next key. */
static void alert_after_key_update(enum tlsring_io io)
{
	static const uint8_t request[] = { 24, 0, 0, 1, 1 }, finished[36] = { 20, 0, 0, 32 };
	struct visit v;

	visit_begin(&v, io);
	visit_seals(&v, KTLS_RECORD_HANDSHAKE, request, sizeof(request));
	EQ(ktls_schedule_next(v.p.keys, KTLS_TX), 0);
	visit_seals(&v, KTLS_RECORD_HANDSHAKE, finished, sizeof(finished));
	visit_sends(&v);
	if (key_changes()) {
		peer_opens(&v.p, KTLS_RECORD_HANDSHAKE, (const uint8_t[]){ 24, 0, 0, 1, 0 }, 5);
		EQ(ktls_schedule_next(v.p.keys, KTLS_RX), 0);
		peer_opens(&v.p, KTLS_RECORD_ALERT, (const uint8_t[]){ 2, SSL_AD_UNEXPECTED_MESSAGE }, 2);
	}
	visit_end(&v);
}

TEST(alert_after_key_update_ring) { alert_after_key_update(TLSRING_IO_URING); }
TEST(alert_after_key_update_epoll) { alert_after_key_update(TLSRING_IO_EPOLL); }

/* libssl's own client asks for it in TLS 1.2, and is told. */
static void renegotiation(enum tlsring_offload offload)
{
	struct tlsring_ctx_options options = { .size = sizeof(options), .offload = offload };
	struct stranger stranger = { .server = true };
	struct meeting p;
	ssize_t got;
	int ret, why;
	char byte;

	meeting_open(&p, &stranger, &options);
	meeting_hand_over(&p);
	EQ(SSL_renegotiate(p.ends.peer), 1);
	/* Our side clears the error queue, which both have in this thread. */
	do {
		ERR_clear_error();
		ret = SSL_get_error(p.ends.peer, SSL_do_handshake(p.ends.peer));
		why = ERR_GET_REASON(ERR_peek_error());
		got = tlsring_session_recv(p.ends.session, &byte, 1);
		CHECK(got == -EAGAIN || got == TLSRING_EALERT_RECEIVED(SSL_AD_HANDSHAKE_FAILURE));
	} while (ret == SSL_ERROR_WANT_READ);
	EQ(ret, SSL_ERROR_SSL);
	EQ(why, SSL_R_NO_RENEGOTIATION);
	meeting_close(&p);
}

TEST(renegotiation_kernel) { renegotiation(TLSRING_OFFLOAD_AUTO); }
TEST(renegotiation_user_space) { renegotiation(TLSRING_OFFLOAD_OFF); }

TEST(too_many_wishes_to_renegotiate)
{
	struct tlsring_ctx_options options = { .size = sizeof(options) };
	const struct stranger *stranger = &strangers[4];
	ssize_t got;
	struct meeting p;
	char byte;

	if (!ktls_probe()->ulp)
		SKIP("libssl sets no limit in user space");
	meeting_open(&p, stranger, &options);
	meeting_hand_over(&p);
	for (int i = 0; i < 40; i++)
		peer_seals(&p, KTLS_RECORD_HANDSHAKE, stranger->message, stranger->len);
	do {
		peer_wait(p.ends.fd, POLLIN);
		got = tlsring_session_recv(p.ends.session, &byte, 1);
	} while (got == -EAGAIN);
	EQ(got, TLSRING_EALERT_SENT(SSL_AD_UNEXPECTED_MESSAGE));
	meeting_close(&p);
}
