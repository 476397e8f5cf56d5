/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SERVER_EPOLL_H
#define TOOLS_BENCH_SERVER_EPOLL_H

#include "tools/bench/server/child.h"

/* Serve by an epoll loop until the end. 0 or -errno. */
int bench_epoll_serve(struct bench_child *child);

#endif
