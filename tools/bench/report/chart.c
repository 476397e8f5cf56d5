// SPDX-License-Identifier: MIT
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>
#include "tools/bench/report/chart.h"
#include "tools/bench/report/gnuplot.h"
#include "tools/bench/report/stats.h"

#define CHART_WIDTH	430	/* pixels, at most: charts shrink with the window */
#define CHART_ROW	30
#define CHART_FRAME	70

/* Readable on a light and on a dark page. */
static const struct {
	const char *seal, *colour;
} chart_colours[] = {
	{ "nobody", "#808890" }, { "user", "#d9822b" }, { "kernel", "#2f7fd6" },
	{ "nic", "#2a9d62" },
};

const char *bench_chart_colour(const char *seal)
{
	for (size_t i = 0; seal && i < sizeof(chart_colours) / sizeof(chart_colours[0]); i++)
		if (!strcmp(seal, chart_colours[i].seal))
			return chart_colours[i].colour;
	return chart_colours[0].colour;
}

/* ---- what is drawn ---- */

static double chart_number(const json_t *mode, const char *measure, const char *what)
{
	return json_number_value(
		json_object_get(json_object_get(json_object_get(mode, "measures"), measure), what));
}

static const char *chart_seal(const json_t *mode)
{
	return json_string_value(json_object_get(mode, "seal"));
}

static bool chart_row(const struct bench_chart *chart, const json_t *mode)
{
	if (chart->kind == BENCH_CHART_RANGES)
		return json_object_get(mode, "latency");
	return json_object_get(json_object_get(mode, "measures"), chart->measure);
}

/* Bytes of the longest name. */
static size_t chart_names(const struct bench_chart *chart, const json_t *modes)
{
	size_t index, longest = 0, len;
	json_t *mode;

	json_array_foreach((json_t *)modes, index, mode) {
		len = chart_row(chart, mode) ? json_string_length(json_object_get(mode, "name")) :
					       0;
		longest = len > longest ? len : longest;
	}
	return longest;
}

static unsigned chart_rows(const struct bench_chart *chart, const json_t *modes)
{
	unsigned rows = 0;
	size_t index;
	json_t *mode;

	json_array_foreach((json_t *)modes, index, mode)
		rows += chart_row(chart, mode);
	return rows;
}

bool bench_chart_has(const struct bench_chart *chart, const json_t *modes)
{
	return chart_rows(chart, modes) > 0;
}

/* ---- bars: row, median, min, max, colour, name, label ---- */

static double chart_bar_row(FILE *script, const struct bench_chart *chart, const json_t *mode,
			    unsigned row)
{
	double max = chart_number(mode, chart->measure, "max"),
	       median = chart_number(mode, chart->measure, "median");

	fprintf(script, "%u %.9g %.9g %.9g 0x%s \"%s\" \"%.*f\"\n", row, median,
		chart_number(mode, chart->measure, "min"), max,
		bench_chart_colour(chart_seal(mode)) + 1,
		json_string_value(json_object_get(mode, "name")), bench_stats_digits(median),
		median);
	return max;
}

/* Distance of ticks: 1, 2 or 5 times a power of ten, with at most five up to most. */
static double chart_step(double most)
{
	double step = pow(10, floor(log10(most / 5)));

	return step * (step * 5 >= most ? 1 : step * 10 >= most ? 2 : step * 25 >= most ? 5 : 10);
}

static void chart_bars(FILE *script, const struct bench_chart *chart, const json_t *modes)
{
	double most = 0;
	unsigned row = 0;
	size_t index;
	json_t *mode;

	fputs("$rows << END\n", script);
	json_array_foreach((json_t *)modes, index, mode)
		if (chart_row(chart, mode))
			most = fmax(most, chart_bar_row(script, chart, mode, row++));
	most = most > 0 ? most * 1.25 : 1;
	/* Leaves room for the labels after the bars. */
	fprintf(script,
		"END\nset xrange [0:%.9g]\nset xtics %.9g\nset style fill solid\n"
		"plot $rows using (0):1:(0):2:($1-.33):($1+.33):5:ytic(6) with boxxyerror lc rgb "
		"variable, "
		"$rows using 2:1:3:4 with xerrorbars lt -1 pt 0 lw 1.5, "
		"$rows using 4:1:7 with labels left offset 1,0\n",
		most, chart_step(most));
}

/* ---- ranges: row, p50, p99 or NaN, max, colour, name ---- */

/* Ticks at 1, 2, 5, 10..., or fewer, in the unit that reads best. */
static void chart_scale(FILE *script, double from, double to)
{
	static const double steps[][3] = { { 1, 2, 5 }, { 1, 3, 3 }, { 1, 1, 1 } };
	const double *step = steps[to / from > 200 ? 2 : to / from > 20 ? 1 : 0];
	const char *comma = "";

	fputs("set xtics (", script);
	/* NOLINT: exact */
	for (double decade = pow(10, floor(log10(from))); decade <= to; decade *= 10) {
		for (unsigned i = 0; i < 3; i++) {
			double at = decade * step[i];

			if (at < from || at > to || (i && step[i] == step[i - 1]))
				continue;
			fprintf(script, "%s\"%g %s\" %.9g", comma,
				at < 1e3 ? at :
				at < 1e6 ? at / 1e3 :
					   at / 1e6,
				at < 1e3 ? "us" :
				at < 1e6 ? "ms" :
					   "s",
				at);
			comma = ", ";
		}
	}
	fprintf(script, ")\nset logscale x\nset xrange [%.9g:%.9g]\n", from, to);
}

static void chart_ranges(FILE *script, const struct bench_chart *chart, const json_t *modes)
{
	double from = INFINITY, to = 0;
	unsigned row = 0;
	size_t index;
	json_t *mode;

	fputs("$rows << END\n", script);
	json_array_foreach((json_t *)modes, index, mode) {
		const json_t *latency = json_object_get(mode, "latency");
		const json_t *p99 = json_object_get(latency, "p99_us");
		double low = json_number_value(json_object_get(latency, "p50_us"));
		double high = json_number_value(json_object_get(latency, "max_us"));

		if (!chart_row(chart, mode))
			continue;
		from = fmin(from, low);
		to = fmax(to, high);
		fprintf(script, "%u %.9g %.9g %.9g 0x%s \"%s\"\n", row++, low,
			p99 ? json_number_value(p99) : NAN, high,
			bench_chart_colour(chart_seal(mode)) + 1,
			json_string_value(json_object_get(mode, "name")));
	}
	fputs("END\n", script);
	chart_scale(script, fmax(from, 1e-3) / 1.5, fmax(to, 2e-3) * 1.5);
	fputs("plot $rows using 2:1:($4-$2):(0):5:ytic(6) with vectors nohead lw 3 lc rgb variable "
	      "notitle, "
	      "$rows using 2:1:5 with points pt 7 ps .9 lc rgb variable notitle, "
	      "$rows using 3:1:5 with points pt 5 ps .7 lc rgb variable notitle, "
	      "$rows using 4:1:5 with points pt 9 ps .9 lc rgb variable notitle\n",
	      script);
}

/* ---- drawing ---- */

int bench_chart_draw(FILE *out, const struct bench_chart *chart, const json_t *modes)
{
	FILE *script = tmpfile();
	unsigned rows = chart_rows(chart, modes);
	int ret = script ? 0 : -errno;

	if (!ret) {
		fprintf(script,
			"set terminal svg size %d,%u dynamic noenhanced font 'sans-serif,15'\n"
			"set border 1\nset yrange [%u.5:-.5]\nset ytics nomirror scale 0\nset "
			"xtics nomirror\n"
			"set grid xtics lw .5 lc rgb '#888888'\nunset key\nset lmargin %.2f\nset "
			"rmargin 2\n",
			CHART_WIDTH, CHART_FRAME + CHART_ROW * rows, rows - 1,
			1.05 * (double)chart_names(chart, modes) + 1);
		if (chart->kind == BENCH_CHART_BARS)
			chart_bars(script, chart, modes);
		else
			chart_ranges(script, chart, modes);
		ret = bench_gnuplot_draw(out, script, chart->id);
	}
	if (script)
		fclose(script);
	return ret;
}

int bench_chart_probe(void)
{
	FILE *script = tmpfile(), *nothing = tmpfile();
	int ret = script && nothing ? 0 : -errno;

	if (!ret) {
		fputs("set terminal svg\n", script);
		ret = bench_gnuplot_run(script, nothing);
	}
	if (script)
		fclose(script);
	if (nothing)
		fclose(nothing);
	return ret;
}
