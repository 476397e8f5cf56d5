/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REPORT_COMPARE_H
#define TOOLS_BENCH_REPORT_COMPARE_H

#include <stdbool.h>

#define BENCH_COMPARE_WORSE	3	/* exit status: a measure is worse by more than noise */

/* Print what changed between two files of --json. An exit status. */
int bench_compare(const char *before, const char *after, bool json);

#endif
