/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REPORT_STATS_H
#define TOOLS_BENCH_REPORT_STATS_H

#include "tools/bench/types.h"

/* Of a measure's rounds; all zero if there are none. */
struct bench_summary {
	size_t count;
	double median, min, max;
	double mad;		/* median absolute deviation */
};
/* At most BENCH_REPEATS_MAX values. */
void bench_stats_summarise(struct bench_summary *out, const double *values, size_t count);
void bench_stats_of(struct bench_summary *out, const struct bench_result *result,
		    enum bench_measure measure);

/* They differ by more than noise: there are several values of each, and every value of one is above
 * every value of the other. */
bool bench_stats_apart(const struct bench_summary *a, const struct bench_summary *b);

/* The difference of b from a in percent of a; 0 if a is 0. */
double bench_stats_change(double a, double b);

/* Decimals that show three significant digits. */
int bench_stats_digits(double value);

#endif
