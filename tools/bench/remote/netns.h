/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REMOTE_NETNS_H
#define TOOLS_BENCH_REMOTE_NETNS_H

/*
 * --loss and --delay: this process and an agent beside it move into a network namespace each,
 * joined by veth, and netem at the server's end drops or delays packets. The machine's own network
 * is not touched, and the namespaces go with their processes.
 */
#include "tools/bench/types.h"

/* Once, before anything is measured, while there is one thread. 0, or TOOLS_FAILED after a message
 * on standard error. */
int bench_netns_open(struct bench_setup *setup, const struct bench_options *options);

#endif
