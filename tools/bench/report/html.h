/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REPORT_HTML_H
#define TOOLS_BENCH_REPORT_HTML_H

/* What the parts of the report have in common. */
#include <stdio.h>

struct json_t;

/* ---- bench_html_style.c ---- */
extern const char bench_html_style[];

/* ---- bench_html_tables.c: from the whole result ---- */
void bench_html_modes(FILE *out, const struct json_t *all);
void bench_html_figures(FILE *out, const struct json_t *all);
void bench_html_machine(FILE *out, const struct json_t *all);

/* Rounded for people; the element's value is what JSON has. */
void bench_html_number(FILE *out, const struct json_t *number);
/* Escaped. */
void bench_html_text(FILE *out, const char *text);

#endif
