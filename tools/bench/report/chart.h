/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REPORT_CHART_H
#define TOOLS_BENCH_REPORT_CHART_H

#include <stdbool.h>
#include <stdio.h>

/* Charts as SVG elements within HTML, drawn by gnuplot. What is black in them takes the page's colour
 * (see the style in bench_html_style.c). */

struct json_t;

enum bench_chart_kind {
	BENCH_CHART_BARS = 0,	/* a bar for each mode's median, with its lowest and highest round */
	BENCH_CHART_RANGES,	/* a line for each mode from p50 to p99.99, on a logarithmic scale */
};

struct bench_chart {
	const char *id;		/* of its elements, unique in the page */
	enum bench_chart_kind kind;
	const char *measure;	/* of bars */
};

/* A row for each of modes (as in JSON) that has what is asked for; false: none has. */
bool bench_chart_has(const struct bench_chart *chart, const struct json_t *modes);
/* 0; -ENOENT: there is no gnuplot; -EPROTO: it failed, and said why on standard error; -errno. */
int bench_chart_draw(FILE *out, const struct bench_chart *chart, const struct json_t *modes);

/* Is there a gnuplot? 0 or as above. */
int bench_chart_probe(void);

/* The colour of who seals, "#rrggbb". */
const char *bench_chart_colour(const char *seal);

#endif
