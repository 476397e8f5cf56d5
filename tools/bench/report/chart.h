/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REPORT_CHART_H
#define TOOLS_BENCH_REPORT_CHART_H

/* Charts as SVG elements within HTML, drawn by gnuplot. Their black takes the page's text colour,
 * by the style in html.c. */
#include <stdbool.h>
#include <stdio.h>

struct json_t;

enum bench_chart_kind {
	/* a bar for each mode's median, with its lowest and highest round */
	BENCH_CHART_BARS = 0,
	/* a line for each mode from p50 to the maximum, on a logarithmic scale */
	BENCH_CHART_RANGES,
};

struct bench_chart {
	const char *id;		/* prefix of its elements' names, unique in the page */
	enum bench_chart_kind kind;
	const char *measure;	/* of bars */
};

/* One of modes (as in JSON) has the measure. */
bool bench_chart_has(const struct bench_chart *chart, const struct json_t *modes);
/* 0; -ENOENT: there is no gnuplot; -EPROTO: it failed, with a message on standard error; -errno. */
int bench_chart_draw(FILE *out, const struct bench_chart *chart, const struct json_t *modes);
#define BENCH_CHART_MISSING \
	"gnuplot, which draws the charts, is not installed; install it as root: " \
	"apt-get install gnuplot-nox"
/* Can charts be drawn? 0 or as above. */
int bench_chart_probe(void);

/* The colour of who seals, "#rrggbb". */
const char *bench_chart_colour(const char *seal);

#endif
