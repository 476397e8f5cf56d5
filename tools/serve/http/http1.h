/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HTTP_HTTP1_H
#define TOOLS_SERVE_HTTP_HTTP1_H

#include "tools/serve/http/body.h"
#include "tools/serve/http/worker.h"
#include "tools/serve/telemetry/accounting.h"
#include "tlsring.h"

struct site_prebuilt;

/*
 * A request of HTTP/1.1 and its response, the user pointer of its connection. Between two exchanges
 * that is the worker's `idle`, so that a connection that waits costs nothing here.
 */
struct http1_exchange {
	struct worker *worker;
	struct tlsring_conn *conn;	/* only of one that waits */
	struct worker_wait wait;	/* for its response */
	struct body body;
	struct site_prebuilt *prebuilt;	/* a reference: head and body in one piece, or NULL */
	struct tlsring_message *messages;	/* owned; room for all pieces, or NULL */
	unsigned count;			/* of messages that are being sent */
	struct accounting_exchange exchange;
	uint64_t before;		/* bytes that the connection had sent before */
	bool sending;			/* sent() has not been called yet */
	bool close;			/* the connection ends with this response */
	bool http10;			/* only of one that waits */
	int result;			/* of sending */
	uint64_t skip;			/* bytes of the request's body still to be ignored */
	size_t head_len, path_at, path_len;
	/* The head; the body's first text, if it is short and not prebuilt; the path, for the log.
	 * Aligned to the blocks of the kernel's ciphers: a block across the edge of a page is
	 * copied. */
	char bytes[] __attribute__((aligned(16)));
};

/* The exchange of connections that wait for a request; for free(). 0 or -ENOMEM. */
int http1_idle_new(struct http1_exchange **out, struct worker *worker);

/* Handlers of HTTP/1.1 connections, as in struct tlsring_handlers. */
ssize_t http1_received(struct tlsring_conn *conn, const void *data, size_t len, void *user);
void http1_sent(struct tlsring_conn *conn, int result, void *user);
/* Also of connections whose handshake failed. */
void http1_closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user);
void http1_stopping(struct tlsring_conn *conn, void *user);
void http1_draining(struct tlsring_conn *conn, void *user);

#endif
