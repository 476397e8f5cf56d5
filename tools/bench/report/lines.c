// SPDX-License-Identifier: MIT
#include <errno.h>
#include <math.h>
#include "tools/bench/report/gnuplot.h"
#include "tools/bench/report/lines.h"

#define LINES_WIDTH	430	/* pixels, at most: charts shrink with the window */
#define LINES_HEIGHT	260
#define LINES_RATIO	20	/* of values, from which on a scale is logarithmic */
#define LINES_KEY	20	/* of each line's name below the chart */

static void lines_data(FILE *script, const struct bench_lines *l)
{
	for (unsigned i = 0; i < l->count; i++) {
		fprintf(script, "$line%u << END\n", i);
		for (unsigned k = 0; k < l->lines[i].count; k++)
			fprintf(script, "%.9g %.9g\n", l->lines[i].points[k][0],
				l->lines[i].points[k][1]);
		fputs("END\n", script);
	}
}

/* Values that differ much need a logarithmic scale to be told apart. */
static void lines_scale(FILE *script, const struct bench_lines *l)
{
	double least = INFINITY, most = 0, left = INFINITY, right = 0;

	for (unsigned i = 0; i < l->count; i++) {
		for (unsigned k = 0; k < l->lines[i].count; k++) {
			left = fmin(left, l->lines[i].points[k][0]);
			right = fmax(right, l->lines[i].points[k][0]);
			least = fmin(least, l->lines[i].points[k][1]);
			most = fmax(most, l->lines[i].points[k][1]);
		}
	}
	if (l->log_x && left > 0)
		fprintf(script, "set logscale x\nset xrange [%.9g:%.9g]\n", left / 1.2,
			right * 1.2);
	if (least > 0 && most / least > LINES_RATIO)
		fprintf(script, "set logscale y\nset yrange [%.9g:%.9g]\n", least / 1.5,
			most * 1.5);
	else
		fputs("set yrange [0:*]\n", script);
}

/* Lines of the same colour differ in their dashes and marks. */
static void lines_plot(FILE *script, const struct bench_lines *l)
{
	fputs("plot ", script);
	for (unsigned i = 0; i < l->count; i++) {
		fprintf(script, "%s$line%u using 1:2 with ", i ? ", " : "", i);
		if (l->marks)
			fprintf(script, "linespoints pt %u ps .6", i % 8 + 4);
		else
			fputs("lines", script);
		fprintf(script, " lw 2 dt %u lc rgb '%s' title \"%s\"", i % 5 + 1, l->lines[i].colour,
			l->lines[i].name);
	}
	fputc('\n', script);
}

int bench_lines_draw(FILE *out, const struct bench_lines *l)
{
	FILE *script = tmpfile();
	int ret;

	if (!script)
		return -errno;
	fprintf(script,
		"set terminal svg size %d,%u dynamic noenhanced font 'sans-serif,13'\n"
		"set border 3\nset tics nomirror\nset grid lw .5 lc rgb '#888888'\n"
		"set key below maxcols 1 left Left reverse samplen 3\n"
		"set xlabel \"%s\"\nset ylabel \"%s\"\n",
		LINES_WIDTH, LINES_HEIGHT + LINES_KEY * l->count, l->x, l->y);
	if (l->tics)
		fprintf(script, "set xtics (%s)\n", l->tics);
	lines_scale(script, l);
	lines_data(script, l);
	lines_plot(script, l);
	ret = bench_gnuplot_draw(out, script, l->id);
	fclose(script);
	return ret;
}
