/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REPORT_STATS_H
#define TOOLS_BENCH_REPORT_STATS_H

#include <stdbool.h>
#include <stddef.h>

/* Of the repeats of a measure. All zero where there are none. */
struct bench_summary {
	size_t count;
	double median, min, max;
	double mad;		/* median of the distances from the median */
};
/* At most BENCH_REPEATS_MAX values. */
void bench_stats_summarise(struct bench_summary *out, const double *values, size_t count);

/* Are they more than noise apart? Only when every value of one is above every value of the other,
 * and both have been repeated. */
bool bench_stats_apart(const struct bench_summary *a, const struct bench_summary *b);

/* How far b is from a, in percent of a; 0 where a is 0. */
double bench_stats_change(double a, double b);

#endif
