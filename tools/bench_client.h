/* SPDX-License-Identifier: MIT */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

/* The client, the same for every mode: one thread, OpenSSL in user space, one request at a time on
 * each connection. All return 0; -errno or TLSRING_E...; -EINTR when the user interrupts. */
#include "bench.h"

struct bench_peer;

struct bench_client {
	const struct bench_setup *setup;
	struct bench_peer *peers;	/* owned */
	unsigned count;
	bool check;			/* compare each answer with the file */
	int epoll;
};
int bench_client_open(struct bench_client *client, const struct bench_setup *setup, unsigned connections,
		      uint16_t port, bool tls);
void bench_client_close(struct bench_client *client);

struct bench_load {
	uint64_t requests;		/* so many; 0: as many as there are in */
	double seconds;			/* and then each connection has its last answer */
};
struct bench_samples {
	uint64_t *list;			/* owned: nanoseconds of each request */
	size_t count, room;
	double seconds;			/* from the first request to the last answer */
};
/* Empties samples first. */
int bench_client_run(struct bench_client *client, const struct bench_load *load, struct bench_samples *samples);

/* Bytes of TCP that came to it, since it was opened. */
int bench_client_wire(const struct bench_client *client, uint64_t *bytes);

#endif
