// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>
#include <jansson.h>
#include "tools/bench/modes.h"
#include "tools/bench/report/json.h"
#include "tools/bench/report/stats.h"
#include "tools/bench/sweep/table.h"

double bench_sweep_median(const json_t *mode, const char *measure)
{
	const json_t *measures = json_object_get(mode, "measures");

	return json_number_value(json_object_get(json_object_get(measures, measure), "median"));
}

/* What modes are compared by, the first that a mode has. */
static const char *table_measure(const json_t *mode)
{
	static const enum bench_measure by[] = { BENCH_CPU_GIB, BENCH_CPU_HANDSHAKE, BENCH_MEMORY };

	for (size_t i = 0; i < sizeof(by) / sizeof(by[0]); i++)
		if (bench_sweep_median(mode, bench_measures[by[i]]) > 0)
			return bench_measures[by[i]];
	return NULL;
}

static const json_t *table_modes(const json_t *point)
{
	return json_object_get(json_object_get(point, "result"), "modes");
}

const json_t *bench_sweep_winner(const json_t *point, const char **measure)
{
	const json_t *best = NULL;
	size_t index;
	json_t *mode;

	*measure = NULL;
	json_array_foreach((json_t *)table_modes(point), index, mode) {
		const char *by = table_measure(mode);

		/* Plain TCP would always win. */
		if (!by || !strcmp(bench_json_string(mode, "seal", NULL), "nobody") ||
		    (*measure && strcmp(*measure, by)))
			continue;
		if (best && bench_sweep_median(mode, by) >= bench_sweep_median(best, by))
			continue;
		best = mode;
		*measure = by;
	}
	return best;
}

static void table_value(double value)
{
	if (value > 0)
		printf(" %13.*f", bench_stats_digits(value), value);
	else
		printf(" %13s", "-");
}

static void table_row(const json_t *all, const json_t *point, const json_t *mode,
		      const json_t *winner)
{
	const json_t *path = json_object_get(mode, "path");
	size_t index;
	json_t *dimension;

	json_array_foreach(json_object_get(all, "dimensions"), index, dimension)
		printf("%-12s",
		       bench_json_string(point, "at", bench_json_string(dimension, "name", NULL)));
	printf("%-20s", bench_json_string(mode, "name", NULL));
	if (!json_object_get(mode, "measures")) {
		printf(" %s\n", json_object_get(mode, "why") ?
					json_string_value(json_object_get(mode, "why")) :
					bench_json_string(mode, "error", NULL));
		return;
	}
	table_value(bench_sweep_median(mode, bench_measures[BENCH_GBITS]));
	table_value(bench_sweep_median(mode, bench_measures[BENCH_REQUESTS]) +
		    bench_sweep_median(mode, bench_measures[BENCH_HANDSHAKES]));
	table_value(bench_sweep_median(mode, bench_measures[BENCH_CPU_GIB]));
	table_value(bench_sweep_median(mode, bench_measures[BENCH_CPU_REQUEST]) +
		    bench_sweep_median(mode, bench_measures[BENCH_CPU_HANDSHAKE]));
	printf("%s%s%s\n", mode == winner ? "  <- least" : "",
	       json_is_false(json_object_get(path, "as_asked")) ? "  <== WRONG PATH" : "",
	       json_is_false(json_object_get(path, "proven")) ? "  <== NOT PROVEN" : "");
}

static void table_point(const json_t *all, const json_t *point)
{
	const char *measure;
	const json_t *winner = bench_sweep_winner(point, &measure);
	size_t index;
	json_t *mode;

	json_array_foreach((json_t *)table_modes(point), index, mode)
		table_row(all, point, mode, winner);
	putchar('\n');
}

void bench_sweep_table(const json_t *all)
{
	size_t index;
	json_t *value;

	json_array_foreach(json_object_get(all, "dimensions"), index, value)
		printf("%-12s", bench_json_string(value, "name", NULL));
	printf("%-20s %13s %13s %13s %13s\n", "MODE", "Gb/s", "REQUESTS/s", "CPU s/GiB",
	       "CPU us/REQ");
	json_array_foreach(json_object_get(all, "points"), index, value)
		table_point(all, value);
	puts("CPU: of the server's process. least: in CPU time, without plain TCP.");
}
