/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_CLIENT_SAMPLES_H
#define TOOLS_BENCH_CLIENT_SAMPLES_H

#include "tools/vendor/hdr_histogram/hdr_histogram.h"

/* A histogram of nanoseconds up to three days, exact to a thousandth. To be freed by hdr_close();
 * NULL: no memory. */
struct hdr_histogram *bench_samples_histogram(void);

struct bench_samples {
	struct hdr_histogram *requests;		/* owned */
	/* owned: new connections, from connect() until the request */
	struct hdr_histogram *handshakes;
	double seconds;			/* from the first request to the last answer */
	double cpu;			/* seconds of the client's process meanwhile */
};
/* 0 or -ENOMEM; free in any case. */
int bench_samples_new(struct bench_samples *samples);
void bench_samples_free(struct bench_samples *samples);

#endif
