/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_RESULT_H
#define TOOLS_BENCH_RESULT_H

/* What all runs of a mode amount to. */
#include "tools/bench/types.h"

/* Why a mode is not possible: one word, and sentences for people. */
struct bench_why {
	const char *name, *text, *remedy;
};
/* False: it is possible. */
bool bench_result_why(struct bench_why *out, const struct bench_result *result);
/* The text of a run's error, static or in buf. */
const char *bench_result_error_text(int error, char *buf, size_t len);
/* There are enough samples for a percentile: of one of so many runs, or of all together (1). */
bool bench_result_enough(const struct bench_result *result, double percent, unsigned runs);
/* Microseconds of a percentile; of 100: the maximum. */
double bench_result_latency(const struct hdr_histogram *histogram, double percent);
enum bench_limit bench_result_limit(const struct bench_result *result,
				    const struct bench_options *options);
/* Every run has this measure. */
bool bench_result_has(const struct bench_result *result, enum bench_measure measure);
/* Percent of a path's bytes. */
double bench_result_share(const struct bench_path *path, enum bench_seal seal);
/* Decimals to print a share with: none hides that it is not all. */
int bench_result_share_digits(double share);
/* Add a run's path to that of all runs. */
void bench_result_add_path(struct bench_path *out, const struct bench_path *run);
/* A card carried or counted something, or TCP sent something again. */
bool bench_result_has_card(const struct bench_path *path);
/* Why a path is not proven, in a sentence; NULL: it is. */
const char *bench_result_doubt(enum bench_doubt doubt);
/* Bytes read from disks in percent of those sent. */
double bench_result_from_disk(const struct bench_result *result);

#endif
