/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REPORT_LINES_H
#define TOOLS_BENCH_REPORT_LINES_H

/* A chart of lines as an SVG element, drawn by gnuplot. */
#include <stdbool.h>
#include <stdio.h>

struct bench_line {
	const char *name, *colour;	/* colour: "#rrggbb" */
	const double (*points)[2];
	unsigned count;
};

struct bench_lines {
	const char *id;			/* prefix of its elements' names, unique in the page */
	const char *x, *y;		/* names of the axes */
	bool log_x;
	const char *tics;		/* of x, as gnuplot has them: "'1K' 1024, ..."; NULL: any */
	bool marks;			/* on each point */
	const struct bench_line *lines;
	unsigned count;
};
/* 0 or as bench_gnuplot_draw(). */
int bench_lines_draw(FILE *out, const struct bench_lines *lines);

#endif
