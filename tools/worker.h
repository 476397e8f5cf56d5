/* SPDX-License-Identifier: MIT */
#ifndef WORKER_H
#define WORKER_H

#include "account.h"
#include "answer.h"
#include "http1.h"
#include "http2.h"

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
