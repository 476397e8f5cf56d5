// SPDX-License-Identifier: MIT
#include <time.h>
#include "tools/serve/hosts/hosts.h"
#include "tools/serve/http/worker.h"
#include "tools/serve/site/cache.h"
#include "tlsring.h"

bool worker_respond(struct worker *worker, const struct tlsring_conn *conn,
		    const struct http_request *request)
{
	const struct hosts *before = worker->hosts;
	const struct host *host;

	hosts_current_follow(worker->current, &worker->hosts);
	if (worker->files) {
		/* After a reload no path is looked for in the old folders. */
		if (worker->hosts != before)
			site_cache_clear(worker->files);
		site_cache_round(worker->files, tlsring_conn_round(conn), time(NULL));
	}
	host = hosts_choose(worker->hosts, conn, request->host.at, request->host.len);
	if (host)
		return response_make(&worker->response, &host->site, request);
	response_error(&worker->response, 421, request, NULL);
	return true;
}

bool worker_wait(struct worker *worker, struct worker_wait *wait)
{
	if (!response_wait(&worker->response, &wait->response))
		return false;
	wait->hosts = hosts_hold(worker->hosts);
	return true;
}

void worker_wait_end(struct worker_wait *wait)
{
	hosts_put(wait->hosts);
	wait->hosts = NULL;
}

void worker_wait_cancel(struct worker_wait *wait)
{
	if (!wait->hosts)
		return;
	response_cancel(&wait->response);
	worker_wait_end(wait);
}
