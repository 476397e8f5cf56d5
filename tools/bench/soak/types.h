/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SOAK_TYPES_H
#define TOOLS_BENCH_SOAK_TYPES_H

/* Types that the parts of a soak share. */
#include "tools/bench/machine/health.h"
#include "tools/bench/types.h"

#define BENCH_SOAK_LOOKS	40	/* in equal distances: enough for a trend, at any length */
#define BENCH_SOAK_FINDINGS	24

struct hdr_histogram;

/* The state after a part of the load, with the lasting connections open. */
struct bench_soak_look {
	double seconds;			/* since the start */
	uint64_t requests, connections, updates;	/* since the start */
	double rate, p50, p99;		/* of this part: requests per second, microseconds */
	struct bench_health server, client;	/* client: memory and descriptors only */
};

struct bench_soak {
	const struct bench_mode *mode;
	struct bench_health before, after;	/* the server's, without connections */
	struct bench_health own_before, own_after;	/* the client's */
	struct bench_soak_look looks[BENCH_SOAK_LOOKS];
	unsigned count;
	uint64_t requests, connections, updates;	/* in all */
	/* connections whose records were not sealed where they should be */
	unsigned astray;
	int error;			/* that ended the load early */
	bool stopped;			/* at the first fault */
	struct hdr_histogram *latency;	/* owned: of all requests */
};

/* A sentence about a fault (wrong), or about something that may be one. */
struct bench_finding {
	bool wrong;
	char text[200];
};

#endif
