// SPDX-License-Identifier: MIT
#include <errno.h>
#include "tools/bench/client/samples.h"

#define SAMPLES_LONGEST	(INT64_C(1) << 48)
#define SAMPLES_DIGITS	3

struct hdr_histogram *bench_samples_histogram(void)
{
	struct hdr_histogram *histogram;

	return hdr_init(1, SAMPLES_LONGEST, SAMPLES_DIGITS, &histogram) ? NULL : histogram;
}

int bench_samples_new(struct bench_samples *samples)
{
	*samples = (struct bench_samples){
		.requests = bench_samples_histogram(), .handshakes = bench_samples_histogram(),
	};
	return samples->requests && samples->handshakes ? 0 : -ENOMEM;
}

void bench_samples_free(struct bench_samples *samples)
{
	hdr_close(samples->requests);
	hdr_close(samples->handshakes);
	*samples = (struct bench_samples){ 0 };
}
