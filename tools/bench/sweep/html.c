// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>
#include <jansson.h>
#include "tools/bench/modes.h"
#include "tools/bench/report/chart.h"
#include "tools/bench/report/html.h"
#include "tools/bench/report/html_tables.h"
#include "tools/bench/report/json.h"
#include "tools/bench/report/lines.h"
#include "tools/bench/report/stats.h"
#include "tools/bench/sweep/html.h"
#include "tools/bench/sweep/plan.h"
#include "tools/bench/sweep/table.h"
#include "tools/common/number.h"

#define HTML_CHARTS	24	/* of each measure: more would hide what they show */

/* ---- points ---- */

static const char *html_dimension(const json_t *all, size_t index)
{
	return bench_json_string(json_array_get(json_object_get(all, "dimensions"), index), "name",
				 NULL);
}

static size_t html_dimensions(const json_t *all)
{
	return json_array_size(json_object_get(all, "dimensions"));
}

/* "16K" as a number; false: it is a word. */
static bool html_number(const char *text, double *out)
{
	uint64_t value;

	if (number_parse_real(text, 0, 1e18, out) &&
	    number_parse_bytes(text, 0, UINT64_MAX, &value))
		return false;
	if (strpbrk(text, "KMG")) {
		number_parse_bytes(text, 0, UINT64_MAX, &value);
		*out = (double)value;
	}
	return true;
}

static const json_t *html_mode(const json_t *point, const char *name)
{
	size_t index;
	json_t *mode;

	json_array_foreach(json_object_get(json_object_get(point, "result"), "modes"), index, mode)
		if (!strcmp(bench_json_string(mode, "name", NULL), name))
			return mode;
	return NULL;
}

/* Do two points differ in this dimension only, or not at all? */
static bool html_beside(const json_t *all, const json_t *a, const json_t *b, size_t dimension)
{
	for (size_t i = 0; i < html_dimensions(all); i++) {
		const char *name = html_dimension(all, i);

		if (i != dimension &&
		    strcmp(bench_json_string(a, "at", name), bench_json_string(b, "at", name)))
			return false;
	}
	return true;
}

/* A point with the first value of the dimension. */
static bool html_first(const json_t *all, const json_t *point, size_t dimension)
{
	const json_t *d = json_array_get(json_object_get(all, "dimensions"), dimension);
	const json_t *first = json_array_get(json_object_get(d, "values"), 0);

	return !strcmp(bench_json_string(point, "at", html_dimension(all, dimension)),
		       json_string_value(first));
}

/* ---- lines: a measure along a dimension, the others as at one point ---- */

struct html_line {
	double points[BENCH_PLAN_VALUES][2];
	unsigned count;
};

static void html_line(struct html_line *out, const json_t *all, const json_t *base,
		      size_t dimension, const char *mode, const char *measure)
{
	size_t index;
	json_t *point;

	out->count = 0;
	json_array_foreach(json_object_get(all, "points"), index, point) {
		const json_t *found = html_mode(point, mode);
		double x, y = bench_sweep_median(found, measure);

		if (y <= 0 || !html_beside(all, base, point, dimension) ||
		    out->count == BENCH_PLAN_VALUES ||
		    !html_number(bench_json_string(point, "at", html_dimension(all, dimension)),
				 &x))
			continue;
		out->points[out->count][0] = x;
		out->points[out->count++][1] = y;
	}
}

static unsigned html_lines(struct bench_line lines[BENCH_MODES], struct html_line data[BENCH_MODES],
			   const json_t *all, const json_t *base, size_t dimension,
			   const char *measure)
{
	unsigned count = 0;
	size_t index;
	json_t *name;

	json_array_foreach(json_object_get(all, "modes"), index, name) {
		const struct bench_mode *mode = bench_mode_find(json_string_value(name));

		if (!mode || count == BENCH_MODES)
			continue;
		html_line(&data[count], all, base, dimension, mode->name, measure);
		if (data[count].count < 2)
			continue;
		lines[count] = (struct bench_line){
			mode->name, bench_chart_colour(bench_seals[mode->seal]),
			(const double (*)[2])data[count].points, data[count].count,
		};
		count++;
	}
	return count;
}

/* What the other dimensions are at a point: " with connections 16". */
static void html_others(FILE *out, const json_t *all, const json_t *point, size_t dimension)
{
	const char *before = " with ";

	for (size_t i = 0; i < html_dimensions(all); i++) {
		if (i == dimension)
			continue;
		fputs(before, out);
		bench_html_text(out, html_dimension(all, i));
		fputc(' ', out);
		bench_html_text(out, bench_json_string(point, "at", html_dimension(all, i)));
		before = ", ";
	}
}

/* The dimension's values as ticks. */
static void html_tics(char *buf, size_t room, const json_t *all, size_t dimension)
{
	const json_t *d = json_array_get(json_object_get(all, "dimensions"), dimension);
	size_t index, len = 0;
	json_t *value;
	double number;

	*buf = '\0';
	json_array_foreach(json_object_get(d, "values"), index, value)
		if (html_number(json_string_value(value), &number) && len < room)
			len += (size_t)snprintf(buf + len, room - len, "%s'%s' %.9g", len ? ", " : "",
						json_string_value(value), number);
}

static int html_chart(FILE *out, const json_t *all, const json_t *base, size_t dimension,
		      const char *measure, const char *title, unsigned number)
{
	struct html_line *data = calloc(BENCH_MODES, sizeof(*data));
	struct bench_line lines[BENCH_MODES];
	char id[32], tics[BENCH_PLAN_TEXT * 3];
	struct bench_lines chart = {
		.id = id, .x = html_dimension(all, dimension), .y = title,
		.log_x = true, .marks = true, .lines = lines, .tics = tics,
	};
	int ret = 0;

	snprintf(id, sizeof(id), "lines%u", number);
	html_tics(tics, sizeof(tics), all, dimension);
	chart.count = data ? html_lines(lines, data, all, base, dimension, measure) : 0;
	if (chart.count) {
		fprintf(out, "<figure><figcaption>%s by %s<small>", title, chart.x);
		html_others(out, all, base, dimension);
		fputs("</small></figcaption>\n", out);
		ret = bench_lines_draw(out, &chart);
		fputs("</figure>\n", out);
	}
	free(data);
	return ret;
}

static int html_charts(FILE *out, const json_t *all)
{
	static const struct {
		enum bench_measure measure;
		const char *title;
	} charts[] = {
		{ BENCH_CPU_GIB, "CPU s/GiB" }, { BENCH_GBITS, "Gb/s" },
		{ BENCH_CPU_HANDSHAKE, "CPU us/handshake" }, { BENCH_HANDSHAKES, "handshakes/s" },
	};
	unsigned number = 0;
	int ret = 0;

	fputs("<div class=\"charts\">\n", out);
	for (size_t c = 0; c < sizeof(charts) / sizeof(charts[0]); c++) {
		for (size_t d = 0; d < html_dimensions(all); d++) {
			size_t index;
			json_t *point;

			json_array_foreach(json_object_get(all, "points"), index, point)
				if (!ret && number < HTML_CHARTS && html_first(all, point, d))
					ret = html_chart(out, all, point, d,
							 bench_measures[charts[c].measure],
							 charts[c].title, number++);
		}
	}
	fputs("</div>\n", out);
	return ret;
}

/* ---- the winners, as a map over the first two dimensions ---- */

static void html_cell(FILE *out, const json_t *point)
{
	const char *measure;
	const json_t *winner = bench_sweep_winner(point, &measure);

	if (!winner) {
		fputs("<td>-</td>", out);
		return;
	}
	fprintf(out, "<td class=\"cell\" style=\"--seal:%s\"><b>",
		bench_chart_colour(bench_json_string(winner, "seal", NULL)));
	bench_html_text(out, bench_json_string(winner, "name", NULL));
	fputs("</b><br>", out);
	bench_html_number(
		out, json_object_get(json_object_get(json_object_get(winner, "measures"), measure),
				     "median"));
	fprintf(out, " <small>%s</small></td>", measure);
}

static const json_t *html_find(const json_t *all, const json_t *base, const char *row,
			       const char *column)
{
	size_t index;
	json_t *point;

	json_array_foreach(json_object_get(all, "points"), index, point) {
		bool same = !strcmp(bench_json_string(point, "at", html_dimension(all, 0)), row);

		for (size_t i = 1; i < html_dimensions(all) && same; i++)
			same = !strcmp(
				bench_json_string(point, "at", html_dimension(all, i)),
				i == 1 ? column :
					 bench_json_string(base, "at", html_dimension(all, i)));
		if (same)
			return point;
	}
	return NULL;
}

static void html_map(FILE *out, const json_t *all, const json_t *base)
{
	const json_t *list = json_object_get(all, "dimensions");
	const json_t *rows = json_object_get(json_array_get(list, 0), "values");
	const json_t *columns = json_object_get(json_array_get(list, 1), "values");
	size_t r, c;
	json_t *row, *column;

	fprintf(out, "<table class=\"map\"><thead><tr><th>%s</th>", html_dimension(all, 0));
	json_array_foreach((json_t *)columns, c, column)
		fprintf(out, "<th>%s %s</th>", html_dimension(all, 1), json_string_value(column));
	if (!columns)
		fputs("<th></th>", out);
	fputs("</tr></thead><tbody>\n", out);
	json_array_foreach((json_t *)rows, r, row) {
		fprintf(out, "<tr><td class=\"m\">%s</td>", json_string_value(row));
		json_array_foreach((json_t *)columns, c, column)
			html_cell(out, html_find(all, base, json_string_value(row),
						 json_string_value(column)));
		if (!columns)
			html_cell(out, html_find(all, base, json_string_value(row), ""));
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table>\n", out);
}

static void html_maps(FILE *out, const json_t *all)
{
	size_t index;
	json_t *point;

	fputs("<h2>Least CPU time, or memory</h2>\n", out);
	json_array_foreach(json_object_get(all, "points"), index, point) {
		if (!html_first(all, point, 0) ||
		    (html_dimensions(all) > 1 && !html_first(all, point, 1)))
			continue;
		for (size_t i = 2; i < html_dimensions(all); i++)
			fprintf(out, "%s %s ", html_dimension(all, i),
				bench_json_string(point, "at", html_dimension(all, i)));
		html_map(out, all, point);
	}
}

/* ---- what must not be overlooked, and verdicts ---- */

static void html_point_notes(FILE *out, const json_t *all, const json_t *point)
{
	const json_t *result = json_object_get(point, "result");
	size_t index;
	json_t *value;

	json_array_foreach(json_object_get(result, "modes"), index, value) {
		const json_t *path = json_object_get(value, "path");
		bool wrong = json_is_false(json_object_get(path, "as_asked"));

		if (!wrong && !json_is_false(json_object_get(path, "proven")))
			continue;
		fprintf(out, "<p class=\"bad\">%s: ", wrong ? "WRONG PATH" : "NOT PROVEN");
		bench_html_text(out, bench_json_string(value, "name", NULL));
		html_others(out, all, point, html_dimensions(all));
		fputs("</p>\n", out);
	}
}

static void html_point_verdict(FILE *out, const json_t *all, const json_t *point)
{
	size_t index;
	json_t *value;

	json_array_foreach(json_object_get(json_object_get(point, "result"), "verdict"), index,
			   value) {
		fputs("<li>", out);
		bench_html_text(out, json_string_value(value));
		html_others(out, all, point, html_dimensions(all));
		fputs("</li>\n", out);
	}
}

static void html_each(FILE *out, const json_t *all,
		      void (*print)(FILE *out, const json_t *all, const json_t *point))
{
	size_t index;
	json_t *point;

	json_array_foreach(json_object_get(all, "points"), index, point)
		print(out, all, point);
}

int bench_sweep_html(FILE *out, const json_t *all)
{
	int ret;

	bench_html_open(out, "What TLS costs a server, and when");
	bench_html_which(out, all);
	fputs("</header>\n", out);
	html_each(out, all, html_point_notes);
	html_maps(out, all);
	ret = html_charts(out, all);
	fputs("<details><summary>In words</summary><ul>\n", out);
	html_each(out, all, html_point_verdict);
	fputs("</ul></details>\n<details><summary>Options and machine</summary>\n", out);
	bench_html_machine(out, all);
	fputs("</details></body></html>\n", out);
	return ret;
}
