/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REPORT_HTML_H
#define TOOLS_BENCH_REPORT_HTML_H

#include <stdio.h>

struct json_t;

/* Print bench_json()'s object as a page that needs no other file; gnuplot draws its charts. 0 or as
 * bench_chart_draw(). */
int bench_html(FILE *out, const struct json_t *all);

#endif
