// SPDX-License-Identifier: MIT
/* Many messages as one, the protocol that was agreed on, handlers that change, and a stop that
 * waits for the program: what a protocol with frames needs of the engine. */
#include <sys/mman.h>
#include "tests/lib/service.h"

#define STREAM	(1u << 20)
#define HEAD	9
#define TAIL	5
#define MANY	200

/* The server sends the whole stream: of each piece the first HEAD and, every other time, the
 * last TAIL bytes are from memory, the rest from a file. Now and then one of a file that is too
 * short comes between. */
struct server {
	struct service service;
	uint8_t *bytes;
	struct tlsring_message messages[MANY];
	char between[(MANY + 1) * 9];
	size_t piece, position;
	int file, shorter;
	unsigned count, missing, stopped;
	bool waits;			/* it closes when asked to stop and all is sent */
	bool sending;
};

static int alpn(SSL *ssl, const unsigned char **out, unsigned char *len, const unsigned char *in,
		unsigned in_len, void *arg)
{
	(void)ssl, (void)in_len, (void)arg;
	*out = in + 1;
	*len = in[0];
	return SSL_TLSEXT_ERR_OK;
}

static void send_batch(struct tlsring_conn *conn, struct server *s)
{
	s->count = 0;
	while (s->position < STREAM && s->count < MANY - 1) {
		size_t left = STREAM - s->position, len = left < s->piece ? left : s->piece;
		size_t head = len < HEAD ? len : HEAD,
		       tail = len > HEAD + TAIL && s->count % 2 ? TAIL : 0;

		s->messages[s->count++] = (struct tlsring_message){
			.head = s->bytes + s->position, .head_len = head, .file_fd = s->file,
			.offset = s->position + head, .length = len - head - tail,
			.tail = s->bytes + s->position + len - tail, .tail_len = tail,
		};
		s->position += len;
		if (s->count % 4)
			continue;
		s->messages[s->count++] = (struct tlsring_message){
			.head = "nothing",
			.head_len = 7,
			.file_fd = s->shorter,
			.offset = 90,
			.length = 20,
		};
	}
	s->messages[s->count - 1].more = s->position < STREAM;
	s->sending = true;
	CHECK(!tlsring_send_many(conn, s->messages, s->count));
	EQ(tlsring_send_many(conn, s->messages, s->count), -EBUSY);
}

static void sent(struct tlsring_conn *conn, int result, void *user)
{
	struct server *s = user;

	EQ(result, 0);
	s->sending = false;
	for (unsigned i = 0; i < s->count; i++) {
		EQ(s->messages[i].missing, s->messages[i].file_fd == s->shorter);
		s->missing += s->messages[i].missing;
	}
	if (s->position < STREAM)
		send_batch(conn, s);
	else if (!s->waits || s->stopped)
		tlsring_close(conn);
}

static ssize_t refuse(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	(void)conn, (void)data, (void)len, (void)user;
	FAIL("the first handlers were called");
}

static ssize_t received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct server *s = user;
	struct tlsring_message message = { .file_fd = -1,
					   .head = "x",
					   .head_len = TLSRING_MANY_MAX + 1 };

	(void)data;
	EQ(tlsring_send_many(conn, &message, 1), -EINVAL);
	EQ(tlsring_send_many(conn, &message, 0), -EINVAL);
	message = (struct tlsring_message){
		.file_fd = -1, .head = "x", .head_len = 1, .tail_len = TLSRING_MANY_MAX
	};
	EQ(tlsring_send_many(conn, &message, 1), -EINVAL);
	message.tail = "x";
	EQ(tlsring_send_many(conn, &message, 1), -EINVAL);
	message.tail_len = 1;
	EQ(tlsring_send(conn, &message), -EINVAL);
	send_batch(conn, s);
	return (ssize_t)len;
}

static void stopping(struct tlsring_conn *conn, void *user)
{
	struct server *s = user;

	s->stopped++;
	if (!s->sending)
		tlsring_close(conn);
}

static const struct tlsring_handlers later = {
	.size = sizeof(later), .received = received, .sent = sent, .stopping = stopping,
};

static void opened(struct tlsring_conn *conn, void *user)
{
	static const struct tlsring_handlers bad = { .size = sizeof(bad) };
	struct tlsring_info info = { .size = sizeof(info) };

	(void)user;
	CHECK(!tlsring_conn_info(conn, &info));
	EQ_STR(info.alpn, "frames/1");
	EQ(tlsring_conn_set_handlers(conn, &bad), -EINVAL);
	CHECK(!tlsring_conn_set_handlers(conn, &later));
}

static const struct tlsring_handlers first = { .size = sizeof(first),
					       .opened = opened,
					       .received = refuse };

static void server_start(struct server *s, size_t piece, enum tlsring_io io,
			 enum tlsring_offload offload, const struct tlsring_handlers *handlers)
{
	struct tlsring_ctx_options options = { .size = sizeof(options), .offload = offload };
	struct tlsring_engine_options engine = { .size = sizeof(engine), .io = io };
	SSL_CTX *ssl = peer_ctx(true, "TLS_AES_128_GCM_SHA256");

	*s = (struct server){ .piece = piece, .bytes = malloc(STREAM) };
	peer_fill(s->bytes, STREAM, 0);
	s->file = memfd_create("stream", MFD_CLOEXEC);
	s->shorter = memfd_create("shorter", MFD_CLOEXEC);
	EQ(write(s->file, s->bytes, STREAM), STREAM);
	EQ(write(s->shorter, s->bytes, 100), 100);
	SSL_CTX_set_alpn_select_cb(ssl, alpn, NULL);
	service_start(&s->service, ssl, &options, &engine, handlers, s);
}

/* Free a server that was told to stop. */
static void server_end(struct server *s)
{
	service_join(&s->service);
	service_free(&s->service);
	close(s->file);
	close(s->shorter);
	free(s->bytes);
}

static SSL *client(SSL_CTX *ctx, const struct server *s)
{
	static const unsigned char name[] = "\x08" "frames/1";

	SSL_CTX_set_alpn_protos(ctx, name, sizeof(name) - 1);
	return peer_connect(ctx, s->service.port);
}

static void many(size_t piece, enum tlsring_io io, enum tlsring_offload offload)
{
	SSL_CTX *ctx = peer_ctx(false, NULL);
	struct server s;
	SSL *ssl;

	server_start(&s, piece, io, offload, &first);
	ssl = client(ctx, &s);
	EQ(SSL_write(ssl, "go", 2), 2);
	peer_expect(ssl, 0, STREAM);
	peer_expect_end(ssl);
	peer_free(ssl);
	tlsring_engine_stop(s.service.engine, 1000);
	server_end(&s);
	CHECK(s.missing >= STREAM / piece / 4);
	SSL_CTX_free(ctx);
}

TEST(small_ring) { many(700, TLSRING_IO_URING, TLSRING_OFFLOAD_AUTO); }
TEST(small_epoll) { many(700, TLSRING_IO_EPOLL, TLSRING_OFFLOAD_AUTO); }
TEST(small_user) { many(700, TLSRING_IO_AUTO, TLSRING_OFFLOAD_OFF); }
TEST(frames_ring) { many(16384, TLSRING_IO_URING, TLSRING_OFFLOAD_AUTO); }
TEST(frames_epoll) { many(16384, TLSRING_IO_EPOLL, TLSRING_OFFLOAD_AUTO); }
TEST(frames_user) { many(16384, TLSRING_IO_AUTO, TLSRING_OFFLOAD_OFF); }
TEST(largest_ring) { many(TLSRING_MANY_MAX, TLSRING_IO_URING, TLSRING_OFFLOAD_AUTO); }
TEST(largest_user) { many(TLSRING_MANY_MAX, TLSRING_IO_AUTO, TLSRING_OFFLOAD_OFF); }

/* Frames of one file that are alike go out from the page cache itself, as far as the file
 * reaches; also those whose ends stand before the next one's beginning, here one behind the
 * other in a text. */
#define RUN	120
#define FRAME	8000
#define HAVE	77
#define BETWEEN	"tail head"
#define END	5

static void send_run(struct tlsring_conn *conn, struct server *s)
{
	for (s->count = 0; s->count < RUN; s->count++) {
		memcpy(s->between + s->count * strlen(BETWEEN), BETWEEN, strlen(BETWEEN));
		s->messages[s->count] = (struct tlsring_message){
			.head = s->between + s->count * strlen(BETWEEN) + END,
			.head_len = strlen(BETWEEN) - END,
			.file_fd = s->file,
			.offset = s->count * FRAME,
			.length = FRAME,
			.tail = s->between + (s->count + 1) * strlen(BETWEEN),
			.tail_len = END,
		};
	}
	memcpy(s->between + RUN * strlen(BETWEEN), BETWEEN, END);
	CHECK(!tlsring_send_many(conn, s->messages, s->count));
}

static ssize_t run_received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct server *s = user;

	(void)data;
	CHECK(!ftruncate(s->file, HAVE * FRAME + FRAME / 2));
	send_run(conn, s);
	return (ssize_t)len;
}

static void run_sent(struct tlsring_conn *conn, int result, void *user)
{
	struct server *s = user;

	EQ(result, 0);
	for (unsigned i = 0; i < s->count; i++)
		EQ(s->messages[i].missing, i >= HAVE);
	tlsring_close(conn);
}

static const struct tlsring_handlers run_handlers = {
	.size = sizeof(run_handlers), .received = run_received, .sent = run_sent,
};

static void run_opened(struct tlsring_conn *conn, void *user)
{
	(void)user;
	CHECK(!tlsring_conn_set_handlers(conn, &run_handlers));
}

static const struct tlsring_handlers run_first = { .size = sizeof(run_first),
						   .opened = run_opened,
						   .received = refuse };

static void expect_text(SSL *ssl, const char *text)
{
	char got;

	for (; *text; text++) {
		EQ(SSL_read(ssl, &got, 1), 1);
		EQ(got, *text);
	}
}

static void frames_alike(enum tlsring_io io, enum tlsring_offload offload)
{
	SSL_CTX *ctx = peer_ctx(false, NULL);
	struct server s;
	SSL *ssl;

	server_start(&s, 0, io, offload, &run_first);
	ssl = client(ctx, &s);
	EQ(SSL_write(ssl, "go", 2), 2);
	for (unsigned i = 0; i < HAVE; i++) {
		expect_text(ssl, &BETWEEN[END]);
		peer_expect(ssl, i * FRAME, FRAME);
		expect_text(ssl, "tail ");
	}
	peer_expect_end(ssl);
	peer_free(ssl);
	tlsring_engine_stop(s.service.engine, 1000);
	server_end(&s);
	SSL_CTX_free(ctx);
}

TEST(frames_alike_ring) { frames_alike(TLSRING_IO_URING, TLSRING_OFFLOAD_AUTO); }
TEST(frames_alike_epoll) { frames_alike(TLSRING_IO_EPOLL, TLSRING_OFFLOAD_AUTO); }
TEST(frames_alike_user) { frames_alike(TLSRING_IO_AUTO, TLSRING_OFFLOAD_OFF); }

/* A stop asks the program, and waits for it: the whole stream is sent after it. */
TEST(stop_waits_for_the_program)
{
	SSL_CTX *ctx = peer_ctx(false, NULL);
	struct server s;
	SSL *ssl;

	server_start(&s, 5000, TLSRING_IO_AUTO, TLSRING_OFFLOAD_AUTO, &first);
	s.waits = true;
	ssl = client(ctx, &s);
	EQ(SSL_write(ssl, "go", 2), 2);
	peer_expect(ssl, 0, 1000);
	tlsring_engine_stop(s.service.engine, 60000);
	peer_expect(ssl, 1000, STREAM - 1000);
	server_end(&s);
	EQ(s.stopped, 1);
	peer_free(ssl);
	SSL_CTX_free(ctx);
}
