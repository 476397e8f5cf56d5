/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_CLIENT_CROWD_H
#define TOOLS_BENCH_CLIENT_CROWD_H

/* Several clients, each in a thread of its own, that share the connections and the load of a run.
 */
#include "tools/bench/client/client.h"

struct bench_crowd {
	struct bench_client *clients;	/* owned */
	struct bench_samples *samples;	/* owned: of each client */
	unsigned count;
};

/* As bench_client_open() and so on, for all of them. Close in any case. */
int bench_crowd_open(struct bench_crowd *crowd, const struct bench_setup *setup,
		     const struct bench_mode *mode, const struct sockaddr_storage *to);
int bench_crowd_dial(struct bench_crowd *crowd, unsigned connections);
/* samples: of all; their time is that of the slowest client. */
int bench_crowd_run(struct bench_crowd *crowd, const struct bench_load *load,
		    struct bench_samples *samples);
void bench_crowd_wire(const struct bench_crowd *crowd, uint64_t bytes[2]);
/* Connections that have been made. */
unsigned bench_crowd_opened(const struct bench_crowd *crowd);
void bench_crowd_close(struct bench_crowd *crowd);

#endif
