/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REMOTE_NETNS_H
#define TOOLS_BENCH_REMOTE_NETNS_H

/*
 * A bad network of our own: the caller and a server's process beside it move into a network namespace each,
 * which veth joins, and netem at the server's end loses packets or holds them back. Nothing of the machine's
 * own network is touched, and it is gone with its processes.
 */
#include "tools/bench/types.h"

/* Once, before anything is measured; a thread alone. Sets far, there and agent. 0, or TOOLS_FAILED after a
 * word on standard error that names what is missing. */
int bench_net_open(struct bench_setup *setup, const struct bench_options *options);

#endif
