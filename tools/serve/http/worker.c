// SPDX-License-Identifier: MIT
#include <time.h>
#include "tools/serve/hosts/hosts.h"
#include "tools/serve/http/worker.h"
#include "tools/serve/site/cache.h"
#include "tlsring.h"

void worker_respond(struct worker *worker, const struct tlsring_conn *conn,
		    const struct http_request *request)
{
	const struct host *host;

	if (worker->files)
		site_cache_round(worker->files, tlsring_conn_round(conn), time(NULL));
	hosts_current_follow(worker->current, &worker->hosts);
	host = hosts_choose(worker->hosts, conn, request->host.at, request->host.len);
	if (host)
		response_make(&worker->response, &host->site, request);
	else
		response_error(&worker->response, 421, request, NULL);
}
