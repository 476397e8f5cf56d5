/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HTTP_WORKER_H
#define TOOLS_SERVE_HTTP_WORKER_H

#include <stdbool.h>
#include "tools/serve/http/response.h"

struct accounting;
struct hosts;
struct hosts_current;
struct http1_exchange;
struct http2_worker;
struct site_mappings;

/* What one thread needs to respond to requests; threads.c makes and frees it. */
struct worker {
	struct hosts_current *current;	/* the process's */
	struct hosts *hosts;		/* a reference: the hosts of the last request */
	bool draining;			/* connections end with their next response */
	struct site_cache *files;	/* owned, or NULL */
	struct site_mappings *mappings;	/* owned, or NULL */
	struct lister_client *lister;	/* owned */
	struct response response;
	struct http1_exchange *idle;	/* owned; user pointer of idle HTTP/1.1 connections */
	struct http2_worker *http2;	/* owned */
	struct accounting *accounting;	/* the process's, for this thread */
};

/* Make worker->response for a request of this connection, by the host that it is for. False: it
 * takes longer, call worker_wait(). */
bool worker_respond(struct worker *worker, const struct tlsring_conn *conn,
		    const struct http_request *request);

/* An exchange that waits for its response; all zero: it does not. */
struct worker_wait {
	struct response_wait response;
	struct hosts *hosts;	/* a reference: a reload may come between */
};

/* Wait: response.done() of `wait` will be called, with the response in worker->response, and must
 * call worker_wait_end(). False: an error response was made instead. */
bool worker_wait(struct worker *worker, struct worker_wait *wait);
void worker_wait_end(struct worker_wait *wait);
/* Wait no longer, if it does. */
void worker_wait_cancel(struct worker_wait *wait);

#endif
