/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SOAK_PRINT_H
#define TOOLS_BENCH_SOAK_PRINT_H

#include <stdio.h>
#include "tools/bench/soak/types.h"

void bench_soak_print_head(FILE *out, const struct bench_soak *soak,
			   const struct bench_options *options);
void bench_soak_print_look(FILE *out, const struct bench_soak *soak,
			   const struct bench_soak_look *look);
void bench_soak_print_end(FILE *out, const struct bench_soak *soak,
			  const struct bench_finding *findings, unsigned count);
/* The same as CSV: a line of names, and one for each look. */
void bench_soak_csv_head(FILE *out);
void bench_soak_csv_look(FILE *out, const struct bench_soak *soak,
			 const struct bench_soak_look *look);
/* All of it, as a new object; manifest is borrowed. NULL: no memory. */
struct json_t *bench_soak_json(const struct bench_soak *soak, const struct bench_options *options,
			       const struct bench_finding *findings, unsigned count,
			       struct json_t *manifest);

#endif
