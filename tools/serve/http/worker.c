// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include "tools/serve/hosts/hosts.h"
#include "tools/serve/site/cache.h"
#include "tools/serve/site/mapping.h"
#include "tlsring.h"
#include "tools/serve/http/worker.h"

int worker_new(struct worker **out, struct hosts_current *current, unsigned files, struct account *account)
{
	struct worker *worker = malloc(sizeof(*worker));
	int ret = 0;

	if (!worker)
		return -ENOMEM;
	*worker = (struct worker){ .current = current, .account = account, .idle = { .worker = worker } };
	if (files)
		ret = site_maps_new(&worker->maps);
	if (files && !ret)
		ret = site_cache_new(&worker->files, files, worker->maps);
	if (!ret)
		ret = http2_worker_new(&worker->http2);
	if (ret) {
		worker_free(worker);
		return ret;
	}
	answer_init(&worker->answer, worker->files);
	*out = worker;
	return 0;
}

void worker_free(struct worker *worker)
{
	if (!worker)
		return;
	http2_worker_free(worker->http2);
	answer_free(&worker->answer);
	site_cache_free(worker->files);
	site_maps_free(worker->maps);
	hosts_put(worker->hosts);
	free(worker);
}

void worker_answer(struct worker *worker, const struct tlsring_conn *conn, const struct http_request *request)
{
	const struct host *host;

	if (worker->files)
		site_cache_round(worker->files, tlsring_conn_round(conn), time(NULL));
	hosts_current_follow(worker->current, &worker->hosts);
	host = hosts_choose(worker->hosts, conn, request->host.at, request->host.len);
	if (host)
		answer_make(&worker->answer, &host->site, request);
	else
		answer_error(&worker->answer, 421, request, NULL);
}
