/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SETUP_H
#define TOOLS_BENCH_SETUP_H

/* The file, the TLS contexts and the address that all runs share. */
#include "tools/bench/types.h"

/* 0, or TOOLS_FAILED after a message on standard error; free in any case. */
int bench_setup_open(struct bench_setup *setup, const struct bench_options *options,
		     const volatile sig_atomic_t *interrupted);
void bench_setup_free(struct bench_setup *setup);

#endif
