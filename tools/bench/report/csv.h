/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REPORT_CSV_H
#define TOOLS_BENCH_REPORT_CSV_H

#include "tools/bench/types.h"

/* On standard output. */
void bench_csv_print(const struct bench_outcome *outcome);

#endif
