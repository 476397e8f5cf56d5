/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SERVER_PROGRAM_H
#define TOOLS_BENCH_SERVER_PROGRAM_H

/* Another server instead of ours: a program as its users run it, started and ended by the server's
 * process. */
#include "tools/bench/server/child.h"

/* Serve until the end. 0 or -errno. */
int bench_program_serve(struct bench_child *child);

#endif
