/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SWEEP_SWEEP_H
#define TOOLS_BENCH_SWEEP_SWEEP_H

/* --sweep: the same modes at every combination of sizes, connections and so on. */
#include <signal.h>

struct bench_options;

/* An exit status. */
int bench_sweep(const struct bench_options *options, const volatile sig_atomic_t *interrupted);

#endif
