// SPDX-License-Identifier: MIT
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tools/bench/report/stats.h"
#include "tools/bench/types.h"

static int stats_by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts values. */
static double stats_median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), stats_by_value);
	return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

void bench_stats_summarise(struct bench_summary *out, const double *values, size_t count)
{
	double sorted[BENCH_REPEATS_MAX];

	*out = (struct bench_summary){ .count = count };
	if (!count)
		return;
	memcpy(sorted, values, count * sizeof(*sorted));
	out->median = stats_median(sorted, count);
	out->min = sorted[0];
	out->max = sorted[count - 1];
	for (size_t i = 0; i < count; i++)
		sorted[i] = values[i] > out->median ? values[i] - out->median :
						      out->median - values[i];
	out->mad = stats_median(sorted, count);
}

void bench_stats_of(struct bench_summary *out, const struct bench_result *result,
		    enum bench_measure measure)
{
	bench_stats_summarise(out, result->values[measure], result->runs);
}

bool bench_stats_apart(const struct bench_summary *a, const struct bench_summary *b)
{
	return a->count > 1 && b->count > 1 && (a->max < b->min || b->max < a->min);
}

double bench_stats_change(double a, double b)
{
	return a != 0 ? 100 * (b - a) / a : 0;
}

int bench_stats_digits(double value)
{
	int digits = value > 0 ? 2 - (int)floor(log10(value)) : 0;

	return digits < 0 ? 0 : digits > 6 ? 6 : digits;
}
