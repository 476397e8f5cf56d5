// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include "tools/serve/connection.h"
#include "tools/serve/http/http1.h"
#include "tools/serve/http/worker.h"
#include "tools/serve/http2/session.h"
#include "tools/serve/telemetry/accounting.h"

static bool connection_accepting(const struct sockaddr *peer, void *user)
{
	const struct http1_exchange *idle = user;

	return accounting_accepting(idle->worker->accounting, peer);
}

static void connection_opened(struct tlsring_conn *conn, void *user)
{
	const struct http1_exchange *idle = user;
	struct tlsring_info info = { .size = sizeof(info) };

	if (tlsring_conn_info(conn, &info))
		return;
	accounting_opened(idle->worker->accounting, &info);
	if (!strcmp(info.alpn, "h2") && http2_open(conn, idle->worker))
		tlsring_abort(conn, -ENOMEM);
}

static void connection_handed(struct tlsring_conn *conn, void *user)
{
	const struct http1_exchange *x = user;

	accounting_handed(x->worker->accounting, conn);
}

const struct tlsring_handlers connection_handlers = {
	.size = sizeof(connection_handlers),
	.accepting = connection_accepting,
	.opened = connection_opened,
	.handed = connection_handed,
	.received = http1_received,
	.sent = http1_sent,
	.closed = http1_closed,
	.stopping = http1_stopping,
	.draining = http1_draining,
};
