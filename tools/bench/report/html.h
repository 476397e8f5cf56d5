/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REPORT_HTML_H
#define TOOLS_BENCH_REPORT_HTML_H

#include <stdio.h>

struct json_t;

/* Print bench_json()'s object as a page that needs no other file; gnuplot draws its charts. 0 or as
 * bench_chart_draw(). */
int bench_html(FILE *out, const struct json_t *all);
/* The head of a page, up to its title; it is in an open header element. */
void bench_html_open(FILE *out, const char *title);
/* A paragraph that names the machine and the date. */
void bench_html_which(FILE *out, const struct json_t *all);

#endif
