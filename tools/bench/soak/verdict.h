/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SOAK_VERDICT_H
#define TOOLS_BENCH_SOAK_VERDICT_H

#include "tools/bench/soak/types.h"

/* Returns how many findings there are. */
unsigned bench_soak_verdict(struct bench_finding out[BENCH_SOAK_FINDINGS],
			    const struct bench_soak *soak);
/* A fault that cannot mend itself has been seen by now: no more load is needed. */
bool bench_soak_fault(const struct bench_soak *soak);
/*
 * The least that values grow by from the middle to the end, if they grow all the time: in the third
 * quarter as well as in the fourth, by the trend test of Mann and Kendall. 0 or less: they do not,
 * or there are too few.
 */
double bench_soak_growth(const double *values, unsigned count);

#endif
