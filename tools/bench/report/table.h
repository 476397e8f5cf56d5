/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REPORT_TABLE_H
#define TOOLS_BENCH_REPORT_TABLE_H

/* An outcome as tables for people, on standard output. */
#include <stdio.h>
#include "tools/bench/types.h"

void bench_table_print(const struct bench_outcome *outcome);
/* "over loopback" and the like. */
void bench_table_via(FILE *out, const struct bench_options *options);

#endif
