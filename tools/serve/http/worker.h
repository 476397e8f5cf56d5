/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HTTP_WORKER_H
#define TOOLS_SERVE_HTTP_WORKER_H

#include "tools/serve/telemetry/accounting.h"
#include "tools/serve/http/response.h"
#include "tools/serve/http/http1.h"
#include "tools/serve/http2/session.h"

struct hosts;
struct hosts_current;

/* What one thread needs to answer requests. */
struct worker {
	struct hosts_current *current;
	struct hosts *hosts;		/* a reference; the set of the last request */
	bool draining;			/* connections are to end with their next answer */
	struct site_cache *files;	/* owned, or NULL */
	struct site_maps *maps;		/* owned, or NULL */
	struct answer answer;
	struct http2_worker *http2;	/* owned */
	struct account *account;	/* the process's, for this thread */
	struct http1 idle;		/* the user pointer of connections that wait; last, as clang has it */
};

/* current must outlive it; files: how many open files it may keep. 0; -ENOMEM;
 * -EMFILE. */
int worker_new(struct worker **out, struct hosts_current *current, unsigned files, struct account *account);
void worker_free(struct worker *worker);
/* Make worker->answer for a request of this connection, by the host that it is for. */
void worker_answer(struct worker *worker, const struct tlsring_conn *conn, const struct http_request *request);

#endif
