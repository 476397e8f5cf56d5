/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SOAK_SOAK_H
#define TOOLS_BENCH_SOAK_SOAK_H

/* --preset soak: hours of mixed load, watched for leaks and errors. */
#include <signal.h>

struct bench_options;

/* An exit status. */
int bench_soak(const struct bench_options *options, const volatile sig_atomic_t *interrupted);

#endif
