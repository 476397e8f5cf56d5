/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_RUN_H
#define TOOLS_BENCH_RUN_H

/* A run of a mode, and the try before. Both return 0; -errno or TLSRING_E...; -EINTR: interrupted.
 */
#include "tools/bench/types.h"

/* One request on one connection of result's mode; the answer is compared byte by byte. Sets why or
 * lack if the mode is not possible here. */
int bench_run_try(const struct bench_setup *setup, struct bench_result *result);
/* Adds its samples to result's histograms. */
int bench_run(struct bench_run *out, const struct bench_setup *setup,
	      const struct bench_result *result);

#endif
