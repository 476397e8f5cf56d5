/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REPORT_HTML_TABLES_H
#define TOOLS_BENCH_REPORT_HTML_TABLES_H

/* Tables of the HTML report, from bench_json()'s object. */
#include <stdio.h>

struct json_t;

void bench_html_modes(FILE *out, const struct json_t *all);
/* Of all rounds together. */
void bench_html_latencies(FILE *out, const struct json_t *all);
/* Nothing where no card carried or counted anything. */
void bench_html_cards(FILE *out, const struct json_t *all);
void bench_html_figures(FILE *out, const struct json_t *all);
void bench_html_machine(FILE *out, const struct json_t *all);

/* Rounded for people; the element's value attribute is not. */
void bench_html_number(FILE *out, const struct json_t *number);
/* Escaped. */
void bench_html_text(FILE *out, const char *text);

#endif
