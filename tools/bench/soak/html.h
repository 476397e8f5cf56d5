/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SOAK_HTML_H
#define TOOLS_BENCH_SOAK_HTML_H

#include <stdio.h>

struct json_t;

/* Print bench_soak_json()'s object as a page that needs no other file. 0 or as
 * bench_gnuplot_draw(). */
int bench_soak_html(FILE *out, const struct json_t *all);

#endif
