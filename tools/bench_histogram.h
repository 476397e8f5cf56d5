/* SPDX-License-Identifier: MIT */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

/*
 * Times in nanoseconds, as HdrHistogram keeps them with three significant digits: each power of two is cut into
 * equal steps, so that a value is known to a thousandth of itself, and memory is the same for any number of them.
 */
#define BENCH_HISTOGRAM_STEPS	1024	/* of a power of two */
#define BENCH_HISTOGRAM_BITS	48	/* of the largest value: three days */
#define BENCH_HISTOGRAM_ROOM	((BENCH_HISTOGRAM_BITS - 10 + 1) * BENCH_HISTOGRAM_STEPS)

/* Empty when all is zero. */
struct bench_histogram {
	uint64_t count, total, max;
	uint64_t steps[BENCH_HISTOGRAM_ROOM];
};
void bench_histogram_clear(struct bench_histogram *histogram);
/* What is beyond the largest value counts as that, but for total and max. */
void bench_histogram_add(struct bench_histogram *histogram, uint64_t value);
void bench_histogram_merge(struct bench_histogram *into, const struct bench_histogram *from);
/* So many percent of the values do not exceed this: exact below 2,048, else too high by at most a thousandth, and
 * never above the highest; 0 where there are none. */
uint64_t bench_histogram_percentile(const struct bench_histogram *histogram, double percent);

#endif
