/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HTTP_HTTP1_H
#define TOOLS_SERVE_HTTP_HTTP1_H

#include "tools/serve/telemetry/accounting.h"
#include "tools/serve/http/body.h"
#include "tlsring.h"

struct worker;

/*
 * A request of HTTP/1.1 and its answer. A connection's user pointer is its exchange; while there
 * is none it is the worker's `idle`, so that a connection that waits costs nothing here.
 */
struct http1 {
	struct worker *worker;
	struct content content;
	struct site_ready *ready;	/* a reference: head and content in one, or NULL */
	struct tlsring_message *many;	/* owned: room for its pieces, when it has several; or NULL */
	unsigned count;		/* of many: on their way */
	struct account_exchange account;
	uint64_t before;	/* bytes that the connection had sent when it began */
	bool sending;		/* tlsring_send has not reported yet */
	bool close;		/* the connection ends with this answer */
	int result;		/* of the sending */
	uint64_t skip;		/* bytes of the request's body to be passed over */
	size_t head_len, path_at, path_len;
	/* The head, the content's first text if it is short and not ready, the path for the log. Aligned to the
	 * blocks of the kernel's ciphers, which copy a block that lies across the edge of a page. */
	char bytes[] __attribute__((aligned(16)));
};

/* user: the worker's `idle`. */
extern const struct tlsring_handlers http1_handlers;

#endif
