/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SWEEP_PLAN_H
#define TOOLS_BENCH_SWEEP_PLAN_H

/* The points of a sweep: every combination of the values of its dimensions. */
#include "tools/bench/options.h"

#define BENCH_PLAN_VALUES	16	/* of a dimension */
#define BENCH_PLAN_POINTS	400
#define BENCH_PLAN_TEXT		256

struct bench_dimension {
	char text[BENCH_PLAN_TEXT];	/* "size=1K,16K", cut into words */
	const char *name;		/* of an option, in text */
	const char *values[BENCH_PLAN_VALUES];	/* in text */
	unsigned count;
};

struct bench_plan {
	struct bench_dimension dimensions[BENCH_DIMENSIONS];
	unsigned count, points;
};

/* Check all points. An exit status; errors are printed. */
int bench_plan_open(struct bench_plan *plan, const struct bench_options *options);
/* The value of a dimension at a point. The last dimension changes from one point to the next. */
const char *bench_plan_value(const struct bench_plan *plan, unsigned point, unsigned dimension);
/* The options of a point. An exit status; errors are printed. */
int bench_plan_options(const struct bench_plan *plan, unsigned point,
		       const struct bench_options *base, struct bench_options *out);

#endif
