/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REPORT_JSON_H
#define TOOLS_BENCH_REPORT_JSON_H

/* An outcome as JSON, from which the HTML report is made. */
#include "tools/bench/types.h"

/* A new object; NULL: no memory. */
struct json_t *bench_json(const struct bench_outcome *outcome);
struct json_t *bench_json_options(const struct bench_options *options);
/* On standard output. 0 or -1. */
int bench_json_print(const struct json_t *all);
/* The string at outer.inner, or at outer if inner is NULL; "?" if there is none. */
const char *bench_json_string(const struct json_t *all, const char *outer, const char *inner);
enum bench_direction bench_json_direction(const struct json_t *all);

#endif
