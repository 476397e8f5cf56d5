/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_CLIENT_SAMPLES_H
#define TOOLS_BENCH_CLIENT_SAMPLES_H

#include "tools/vendor/hdr_histogram/hdr_histogram.h"

/* Times in nanoseconds, known to a thousandth of themselves, up to three days. Freed by hdr_close(); NULL: no
 * memory. */
struct hdr_histogram *bench_histogram_new(void);

struct bench_samples {
	struct hdr_histogram *requests;		/* owned */
	struct hdr_histogram *handshakes;	/* owned; of new connections: from connect() until the request can go */
	double seconds;			/* from the first request to the last answer */
};
/* To be freed, whatever this returns: 0 or -ENOMEM. */
int bench_samples_new(struct bench_samples *samples);
void bench_samples_free(struct bench_samples *samples);

#endif
