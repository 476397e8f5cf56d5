/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SERVER_REPORT_H
#define TOOLS_BENCH_SERVER_REPORT_H

/* A server's account of itself. */
#include "tools/bench/machine/health.h"
#include "tools/bench/types.h"

/* Keys given to the kernel since the report before; nanoseconds for both directions of a
 * connection. */
struct bench_installs {
	uint64_t count, mean, p50, p99;
};

struct bench_report {
	int result;			/* 0, or why it cannot serve */
	/* nanoseconds of all its threads, the kernel's part included */
	uint64_t cpu;
	uint64_t memory;		/* bytes of its own, with idle connections */
	/* bytes that it has read from disks, if the file is on one */
	uint64_t disk;
	/* its connections, in the direction that is measured */
	unsigned paths[TLSRING_PATH_FAILED + 1];
	struct bench_installs installs;
	struct bench_health health;	/* in a soak */
	enum tlsring_reason why;	/* a connection is not in the kernel */
	enum bench_lack lack;
	struct bench_counted counted;
};

#endif
