/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SWEEP_TABLE_H
#define TOOLS_BENCH_SWEEP_TABLE_H

/* A sweep's result for people. */

struct json_t;

/* A line for each point and mode, on standard output. */
void bench_sweep_table(const struct json_t *all);
/* The mode of a point with the lowest CPU time, or memory; NULL: nothing was measured. *measure:
 * which. */
const struct json_t *bench_sweep_winner(const struct json_t *point, const char **measure);
/* The median of a mode's measure; 0: it has none. */
double bench_sweep_median(const struct json_t *mode, const char *measure);

#endif
