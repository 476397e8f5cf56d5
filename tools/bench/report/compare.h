/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REPORT_COMPARE_H
#define TOOLS_BENCH_REPORT_COMPARE_H

/* Print what changed between two files of --json. An exit status. */
int bench_compare(const char *before, const char *after);

#endif
