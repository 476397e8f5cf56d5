/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SERVER_COLD_H
#define TOOLS_BENCH_SERVER_COLD_H

/* Copies of the file on a disk, of which nothing is in memory when they are sent. */
#include "tools/bench/types.h"

/* Makes setup's copies. 0, or TOOLS_FAILED after a message on standard error; close in any case. */
int bench_cold_open(struct bench_setup *setup);
void bench_cold_close(struct bench_setup *setup);
/* Drop a copy's pages. False: some stay, because packets refer to them. */
bool bench_cold_drop(const struct bench_setup *setup, const struct bench_copy *copy);

#endif
