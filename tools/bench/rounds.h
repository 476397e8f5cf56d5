/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_ROUNDS_H
#define TOOLS_BENCH_ROUNDS_H

/* All modes with the same options: a try of each, then rounds, in which each runs once. */
#include "tools/bench/types.h"

struct json_t;

struct bench_rounds {
	const struct bench_options *options;
	struct bench_setup setup;
	struct json_t *manifest;	/* owned: of an agent's machine; NULL: none */
	struct bench_result results[BENCH_MODES];
	unsigned rounds;		/* completed */
	unsigned steps, done;		/* runs and tries: all, and completed */
	unsigned tries;
	uint64_t began;			/* the first run, in nanoseconds */
	bool terminal, interrupted;
	const char *what;		/* printed ahead of the progress; NULL: nothing */
	struct bench_noise from, to;
};

/* 0, or TOOLS_FAILED after a message on standard error; free in any case. */
int bench_rounds_open(struct bench_rounds *rounds, const struct bench_options *options,
		      const volatile sig_atomic_t *interrupted);
/* Results tell what failed. */
void bench_rounds_run(struct bench_rounds *rounds);
void bench_rounds_free(struct bench_rounds *rounds);

#endif
