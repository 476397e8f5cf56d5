/* SPDX-License-Identifier: MIT */
#ifndef LAB_WORLD_H
#define LAB_WORLD_H

/* A scenario for the tests of the engine here: an engine that is both server and client of two
 * connections, one after the other, each of which carries a stream. */

#include "tests/lab/lab.h"
#include "tests/lib/service.h"

#define STREAM	300000u
#define HEAD	1000u

struct world {
	enum tlsring_io io;
	struct tlsring_engine *engine;
	struct tlsring_ctx *ctx[2];	/* the server's, the client's */
	SSL_CTX *ssl[2];
	struct sockaddr_in addr;
	uint8_t *bytes;			/* the stream */
	int file, listener;
	int accepted, server_closed;
	int started, closed, complete;
	bool asked;
	uint64_t got;
};

static struct world w;

/* ---- the server: answers a byte with the stream, and closes ---- */

static ssize_t serve(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct tlsring_message message = { .head = w.bytes, .head_len = HEAD, .file_fd = w.file,
					   .offset = HEAD, .length = STREAM - HEAD };
	int ret = tlsring_send(conn, &message);

	(void)data, (void)user;
	if (ret) {
		CHECK(lab_failed());
		tlsring_abort(conn, ret);
	} else {
		tlsring_close(conn);
	}
	return (ssize_t)len;
}

static void server_opened(struct tlsring_conn *conn, void *user)
{
	(void)conn, (void)user;
	w.accepted++;
}

static void server_closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	(void)conn, (void)end, (void)user;
	w.server_closed++;
}

static const struct tlsring_handlers server = {
	.size = sizeof(server), .opened = server_opened, .received = serve, .closed = server_closed,
};

/* ---- the client: two connections, one after the other ---- */

static void client_start(void);

static void opened(struct tlsring_conn *conn, void *user)
{
	struct tlsring_message message = { .head = "?", .head_len = 1, .file_fd = -1 };

	(void)user;
	w.asked = !tlsring_send(conn, &message);
	if (!w.asked) {
		CHECK(lab_failed());
		tlsring_close(conn);
	}
}

static ssize_t received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	(void)conn, (void)user;
	CHECK(w.got + len <= STREAM);
	EQ_MEM(data, w.bytes + w.got, len);
	w.got += len;
	return (ssize_t)len;
}

static void closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	(void)conn, (void)user;
	w.closed++;
	if (!end->result && w.asked)
		EQ(w.got, STREAM);
	w.complete += w.got == STREAM;
	client_start();
}

static const struct tlsring_handlers client = {
	.size = sizeof(client), .opened = opened, .received = received, .closed = closed,
};

static void client_start(void)
{
	struct tlsring_connect_options options = {
		.size = sizeof(options),
		.addr = (struct sockaddr *)&w.addr,
		.addr_len = sizeof(w.addr),
		.server_name = "localhost",
	};

	while (w.started < 2) {
		w.started++;
		w.got = 0;
		w.asked = false;
		if (!tlsring_engine_connect(w.engine, w.ctx[1], &options, &client, NULL))
			return;
		CHECK(lab_failed());
		w.closed++;
	}
	tlsring_engine_stop(w.engine, 1000);
}

/* ---- both ---- */

static void prepare(void)
{
	uint16_t port;

	w.ssl[0] = peer_ctx(true, NULL);
	w.ssl[1] = peer_ctx(false, NULL);
	w.file = memfd_create("stream", MFD_CLOEXEC);
	CHECK(w.file >= 0 && !ftruncate(w.file, STREAM));
	w.bytes = mmap(NULL, STREAM, PROT_READ | PROT_WRITE, MAP_SHARED, w.file, 0);
	CHECK(w.bytes != MAP_FAILED);
	peer_fill(w.bytes, STREAM, 0);
	w.listener = peer_listen(&port);
	w.addr.sin_family = AF_INET;
	w.addr.sin_port = htons(port);
	w.addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

static bool begin(void)
{
	struct tlsring_engine_options options = { .size = sizeof(options), .io = w.io };

	for (int i = 0; i < 2; i++)
		if (tlsring_ctx_new(&w.ctx[i], w.ssl[i], NULL))
			return false;
	return !tlsring_engine_new(&w.engine, &options) &&
	       !tlsring_engine_listen(w.engine, w.ctx[0], w.listener, &server, NULL);
}

/* The scenario: two connections, of which a single failure may end one. */
static void live(void)
{
	prepare();
	lab_arm(getpid());
	if (begin()) {
		client_start();
		EQ(tlsring_engine_run(w.engine), 0);
		EQ(w.closed, 2);
		/* Only one of them had to do without. */
		CHECK(w.complete + lab_failed() >= 2 || lab_harmed());
	} else {
		CHECK(lab_failed());
	}
	tlsring_engine_free(w.engine);
	EQ(w.server_closed >= w.accepted, 1);
	for (int i = 0; i < 2; i++) {
		tlsring_ctx_free(w.ctx[i]);
		SSL_CTX_free(w.ssl[i]);
	}
	munmap(w.bytes, STREAM);
	close(w.file);
	close(w.listener);
}

#endif
