/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SERVER_ENGINE_H
#define TOOLS_BENCH_SERVER_ENGINE_H

#include "tools/bench/server/child.h"

/* Serve by the library's engine until the end. 0 or -errno. */
int bench_engine_serve(struct bench_child *child);

#endif
