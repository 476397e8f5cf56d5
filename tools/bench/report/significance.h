/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REPORT_SIGNIFICANCE_H
#define TOOLS_BENCH_REPORT_SIGNIFICANCE_H

#include "tools/bench/types.h"

/* Two neighbours in the order of their CPU time, or memory, that noise may have put in that order.
 */
struct bench_tie {
	const char *less, *more;	/* modes */
	enum bench_measure measure;
	double percent;			/* by which more exceeds less */
};

/* Returns how many there are. */
unsigned bench_significance_ties(struct bench_tie out[BENCH_MODES],
				 const struct bench_outcome *outcome);

#endif
