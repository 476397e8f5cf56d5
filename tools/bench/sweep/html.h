/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SWEEP_HTML_H
#define TOOLS_BENCH_SWEEP_HTML_H

#include <stdio.h>

struct json_t;

/* Print a sweep's result as a page that needs no other file. 0 or as bench_gnuplot_draw(). */
int bench_sweep_html(FILE *out, const struct json_t *all);

#endif
