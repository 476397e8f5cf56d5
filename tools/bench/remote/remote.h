/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REMOTE_REMOTE_H
#define TOOLS_BENCH_REMOTE_REMOTE_H

/* The client's side of a server on another machine, or in another network namespace. */
#include "tools/bench/types.h"

struct json_t;

/* Let servers be run by the agent at the other end of setup's control connection. */
void bench_remote_use(struct bench_setup *setup, int fd);
/* Connect to the agent of --connect. *manifest: of its machine,
a new object. An exit status; errors are
 * printed. */
int bench_remote_open(struct bench_setup *setup, struct json_t **manifest);

#endif
