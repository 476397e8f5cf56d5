/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SERVER_THREADS_H
#define TOOLS_BENCH_SERVER_THREADS_H

#include "tools/bench/server/child.h"

/* Run serve() in --threads threads, each with a child of its own, until the first one's ends. */
int bench_threads_serve(struct bench_child *child, int (*serve)(struct bench_child *child));

#endif
