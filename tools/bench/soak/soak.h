/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SOAK_SOAK_H
#define TOOLS_BENCH_SOAK_SOAK_H

/* Hours of mixed load, watched for what only shows after hours. */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "tools/bench/types.h"
#include "tools/bench/client/samples.h"
#include "tools/bench/server/server.h"

#define BENCH_SOAK_LOOKS	40	/* in equal distances: enough for a trend, at any length */

/* What was there after a part of the load, with the lasting connections open. */
struct bench_soak_look {
	double seconds;			/* since the start */
	uint64_t requests, connections, updates;	/* since then */
	double rate, p50, p99;		/* of this part: requests per second, microseconds */
	struct bench_health server, client;	/* of the client only what is its own */
};

struct bench_soak {
	const struct bench_mode *mode;
	struct bench_health before, after;	/* the server's, without connections */
	struct bench_health own_before, own_after;	/* the client's */
	struct bench_soak_look looks[BENCH_SOAK_LOOKS];
	unsigned count;
	uint64_t requests, connections, updates;	/* that were made */
	unsigned astray;		/* connections whose records were not sealed where they should be */
	int error;			/* that ended the load before its time */
	struct hdr_histogram *latency;	/* owned; of all of it */
};

/* Something that is wrong, or that only may be, in a sentence. */
struct bench_finding {
	bool wrong;
	char text[200];
};
#define BENCH_SOAK_FINDINGS	24

/* How many there are. */
unsigned bench_soak_judge(struct bench_finding out[BENCH_SOAK_FINDINGS], const struct bench_soak *soak);
/* What values grow by from the middle to the end, at least, if they grow all the time there: in the third quarter as well
 * as in the fourth, each by Mann and Kendall's test. 0 or less: they do not, or there are too few. */
double bench_soak_growth(const double *values, unsigned count);

/* An exit status. */
int bench_soak(const struct bench_options *options, const volatile sig_atomic_t *interrupted);

/* ---- output ---- */

void bench_soak_print_head(FILE *out, const struct bench_soak *soak, const struct bench_options *options);
void bench_soak_print_look(FILE *out, const struct bench_soak *soak, const struct bench_soak_look *look);
void bench_soak_print_end(FILE *out, const struct bench_soak *soak, const struct bench_finding *findings, unsigned count);
/* All of it, as a new object; manifest is borrowed. NULL: no memory. */
struct json_t *bench_soak_json(const struct bench_soak *soak, const struct bench_options *options,
			       const struct bench_finding *findings, unsigned count, struct json_t *manifest);

#endif
