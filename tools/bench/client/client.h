/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_CLIENT_CLIENT_H
#define TOOLS_BENCH_CLIENT_CLIENT_H

/*
 * The client, the same for every mode: one thread, OpenSSL in user space, one request at a time on
 * each connection. Functions return 0; -errno or TLSRING_E...; -EINTR when the user interrupts.
 */
#include "tools/bench/client/connect.h"
#include "tools/bench/client/samples.h"

/* Allocates so many connections, and makes those that last. A mode that resumes makes one and ends
 * it. which: this client's number among those of other threads. */
int bench_client_open(struct bench_client *client, const struct bench_setup *setup,
		      const struct bench_mode *mode, unsigned connections, unsigned which,
		      const struct sockaddr_storage *to);
/* Make idle connections until there are so many. */
int bench_client_dial(struct bench_client *client, unsigned connections);
void bench_client_close(struct bench_client *client);

/*
 * Closed load: each connection asks again as soon as it has its answer. Open load: requests are due
 * at fixed times, on the connection that has been free for longest; one that finds none free waits,
 * and its time counts from when it was due.
 */
struct bench_load {
	uint64_t requests;		/* 0: as many as there are in seconds */
	double seconds;			/* connections then wait for their last answer */
	unsigned rate;			/* requests per second of an open load; 0: a closed load */
};
/* Empties samples first. */
int bench_client_run(struct bench_client *client, const struct bench_load *load,
		     struct bench_samples *samples);

/* Bytes of TCP received, and sent for the first time, since it was opened. */
void bench_client_wire(const struct bench_client *client, uint64_t bytes[2]);

#endif
