// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>
#include <jansson.h>
#include "tools/bench/modes.h"
#include "tools/bench/report/chart.h"
#include "tools/bench/report/html_tables.h"
#include "tools/bench/report/json.h"
#include "tools/bench/report/stats.h"
#include "tools/bench/result.h"
#include "tools/common/html.h"

void bench_html_text(FILE *out, const char *text)
{
	html_text(out, text, strlen(text));
}

static const json_t *tables_measure(const json_t *mode, const char *measure)
{
	return json_object_get(json_object_get(mode, "measures"), measure);
}

void bench_html_number(FILE *out, const json_t *number)
{
	double value = json_number_value(number);

	fprintf(out, "<data value=\"%.9g\">%.*f</data>", value, bench_stats_digits(value), value);
}

/* ---- the table of modes ---- */

/* A column that no mode has is left out. */
static const struct {
	const char *measure, *head;
} tables_columns[] = {
	{ "gbit_per_s", "Gb/s" }, { "requests_per_s", "requests/s" },
	{ "cpu_s_per_gib", "CPU s/GiB" }, { "cpu_us_per_request", "CPU \302\265s/request" },
	{ "handshakes_per_s", "handshakes/s" }, { "cpu_us_per_handshake",
						  "CPU \302\265s/handshake" },
	{ "handshake_p50_us", "handshake p50 \302\265s" },
	{ "handshake_p99_us", "handshake p99 \302\265s" },
	{ "installs_per_s", "installs/s" }, { "install_p50_ns", "install p50 ns" },
	{ "install_p99_ns", "install p99 ns" },
	{ "memory_bytes_per_connection", "bytes/connection" },
	{ "cycles_per_byte", "cycles/byte" }, { "instructions_per_byte", "instructions/byte" },
	{ "memory_traffic_bytes_per_byte", "memory traffic/byte" },
};
#define TABLES_COLUMNS	(sizeof(tables_columns) / sizeof(tables_columns[0]))

static bool tables_used(const json_t *modes, const char *measure)
{
	size_t index;
	json_t *mode;

	json_array_foreach((json_t *)modes, index, mode)
		if (tables_measure(mode, measure))
			return true;
	return false;
}

/* Only with a cold cache. */
static void tables_disk(FILE *out, const json_t *disk)
{
	double share = json_number_value(json_object_get(disk, "percent"));

	if (disk)
		fprintf(out, "; <span>from disk <data value=\"%.9g\">%.2f</data> %%</span>%s",
			share, share,
			json_is_true(json_object_get(disk, "cold")) ? "" :
								      " \342\200\224 NOT COLD");
}

static void tables_sealed(FILE *out, const json_t *mode, const char *done)
{
	const json_t *path = json_object_get(mode, "path");
	bool right = json_is_true(json_object_get(path, "as_asked"));
	const char *before = "";

	fprintf(out, "<td class=\"%s\" data-label=\"%s by\"><span>", right ? "s" : "s wrong", done);
	for (unsigned i = 0; i < BENCH_SEALS; i++) {
		double share = json_number_value(json_object_get(path, bench_seals[i]));

		if (share > 0)
			fprintf(out, "%s<span>%s <data value=\"%.9g\">%.*f</data> %%</span>",
				before, bench_seals[i], share, bench_result_share_digits(share),
				share);
		before = share > 0 ? ", " : before;
	}
	if (!strcmp(bench_json_string(path, "proof", NULL), "installs"))
		fputs(" (by installs)", out);
	tables_disk(out, json_object_get(mode, "disk"));
	fprintf(out, "%s%s</span></td>", right ? "" : " \342\200\224 WRONG PATH",
		json_object_get(path, "doubt") ? " \342\200\224 NOT PROVEN" : "");
}

/* In place of figures: why there are none. */
static void tables_none(FILE *out, const json_t *mode)
{
	const char *why = json_string_value(json_object_get(mode, "why"));
	const char *remedy = json_string_value(json_object_get(mode, "remedy"));
	const char *error = json_string_value(json_object_get(mode, "error"));

	fprintf(out, "<td class=\"t dim\" colspan=\"%zu\">", TABLES_COLUMNS + 1);
	bench_html_text(out, why ? "not possible: " : error ? "failed: " : "not measured");
	bench_html_text(out, why ? why : error ? error : "");
	if (remedy && *remedy) {
		fputs("; ", out);
		bench_html_text(out, remedy);
	}
	fputs("</td>", out);
}

static void tables_mode(FILE *out, const json_t *modes, const json_t *mode, const char *done)
{
	const char *name = bench_json_string(mode, "name", NULL);

	fprintf(out, "<tr><td class=\"m\" style=\"--seal:%s\">",
		bench_chart_colour(bench_json_string(mode, "seal", NULL)));
	bench_html_text(out, name);
	fputs("<small>", out);
	bench_html_text(out, bench_json_string(mode, "text", NULL));
	fputs("</small></td>", out);
	if (!json_object_get(mode, "measures")) {
		tables_none(out, mode);
		fputs("</tr>\n", out);
		return;
	}
	for (size_t i = 0; i < TABLES_COLUMNS; i++) {
		const json_t *measure = tables_measure(mode, tables_columns[i].measure);

		if (!tables_used(modes, tables_columns[i].measure))
			continue;
		fprintf(out, "<td data-label=\"%s\" data-measure=\"%s\">", tables_columns[i].head,
			tables_columns[i].measure);
		if (measure)
			bench_html_number(out, json_object_get(measure, "median"));
		fputs("</td>", out);
	}
	tables_sealed(out, mode, done);
	fputs("</tr>\n", out);
}

void bench_html_modes(FILE *out, const json_t *all)
{
	const json_t *modes = json_object_get(all, "modes");
	const char *done = bench_done[bench_json_direction(all)];
	size_t index;
	json_t *mode;

	fputs("<table class=\"modes\"><thead><tr><th>mode</th>", out);
	for (size_t i = 0; i < TABLES_COLUMNS; i++)
		if (tables_used(modes, tables_columns[i].measure))
			fprintf(out, "<th>%s</th>", tables_columns[i].head);
	fprintf(out, "<th>%s by</th></tr></thead><tbody>\n", done);
	json_array_foreach((json_t *)modes, index, mode)
		tables_mode(out, modes, mode, done);
	fputs("</tbody></table>\n", out);
}

/* ---- latency ---- */

static const struct {
	const char *key, *head;
} tables_latency[] = {
	{ "p50_us", "p50 \302\265s" }, { "p90_us", "p90 \302\265s" }, { "p99_us", "p99 \302\265s" },
	{ "p99.9_us", "p99.9 \302\265s" }, { "p99.99_us", "p99.99 \302\265s" },
	{ "max_us", "max \302\265s" },
};
#define TABLES_LATENCY	(sizeof(tables_latency) / sizeof(tables_latency[0]))

static void tables_latency_row(FILE *out, const char *name, const char *what, const json_t *latency)
{
	if (!latency)
		return;
	fputs("<tr><td class=\"m\">", out);
	bench_html_text(out, name);
	fprintf(out, "</td><td class=\"t\">%s</td><td>%" JSON_INTEGER_FORMAT "</td>", what,
		json_integer_value(json_object_get(latency, "samples")));
	for (size_t i = 0; i < TABLES_LATENCY; i++) {
		const json_t *value = json_object_get(latency, tables_latency[i].key);

		fputs("<td>", out);
		if (value)
			bench_html_number(out, value);
		fputs("</td>", out);
	}
	fputs("</tr>\n", out);
}

void bench_html_latencies(FILE *out, const json_t *all)
{
	size_t index, rows = 0;
	json_t *mode;

	json_array_foreach(json_object_get(all, "modes"), index, mode) {
		const char *name = bench_json_string(mode, "name", NULL);

		if (!json_object_get(mode, "latency"))
			continue;
		if (!rows++) {
			fputs("<h2>Latency of all rounds</h2>\n<table class=\"figures\"><thead><tr>"
			      "<th>mode</th><th>of</th><th>samples</th>", out);
			for (size_t i = 0; i < TABLES_LATENCY; i++)
				fprintf(out, "<th>%s</th>", tables_latency[i].head);
			fputs("</tr></thead><tbody>\n", out);
		}
		tables_latency_row(out, name, "requests", json_object_get(mode, "latency"));
		tables_latency_row(out, name, "handshakes", json_object_get(mode, "handshake"));
	}
	if (rows)
		fputs("</tbody></table>\n", out);
}

/* ---- network cards ---- */

static const struct {
	const char *key, *head;
} tables_card[] = {
	{ "carried_bytes", "bytes carried" }, { "done_bytes", "bytes done by the card" },
	{ "foreign_bytes", "others' bytes" }, { "retransmitted_bytes", "bytes sent again" },
	{ "out_of_order", "out of order" }, { "resyncs", "resyncs" }, { "drops", "drops" },
	{ "fallbacks", "fallbacks" },
};
#define TABLES_CARD	(sizeof(tables_card) / sizeof(tables_card[0]))

static bool tables_carried(const json_t *card)
{
	for (size_t i = 0; i < TABLES_CARD; i++)
		if (json_integer_value(json_object_get(card, tables_card[i].key)))
			return true;
	return false;
}

static void tables_card_row(FILE *out, const json_t *mode, const json_t *card)
{
	fputs("<tr><td class=\"m\">", out);
	bench_html_text(out, bench_json_string(mode, "name", NULL));
	fputs("</td>", out);
	for (size_t i = 0; i < TABLES_CARD; i++)
		fprintf(out, "<td>%" JSON_INTEGER_FORMAT "</td>",
			json_integer_value(json_object_get(card, tables_card[i].key)));
	fputs("</tr>\n", out);
}

void bench_html_cards(FILE *out, const json_t *all)
{
	size_t index, rows = 0;
	json_t *mode;

	json_array_foreach(json_object_get(all, "modes"), index, mode) {
		const json_t *card = json_object_get(json_object_get(mode, "path"), "card");

		if (!tables_carried(card))
			continue;
		if (!rows++) {
			fputs("<h2>Network card and TCP</h2>\n<table class=\"figures\"><thead><tr>"
			      "<th>mode</th>", out);
			for (size_t i = 0; i < TABLES_CARD; i++)
				fprintf(out, "<th>%s</th>", tables_card[i].head);
			fputs("</tr></thead><tbody>\n", out);
		}
		tables_card_row(out, mode, card);
	}
	if (rows)
		fputs("</tbody></table>\n", out);
}

/* ---- everything ---- */

static void tables_figures(FILE *out, const json_t *mode)
{
	static const char *const summaries[] = { "median", "min", "max", "mad" };
	const char *name = bench_json_string(mode, "name", NULL), *measure;
	json_t *summary;

	json_object_foreach(json_object_get(mode, "measures"), measure, summary) {
		fputs("<tr><td class=\"m\">", out);
		bench_html_text(out, name);
		fputs("</td><td class=\"t\">", out);
		bench_html_text(out, measure);
		fputs("</td>", out);
		for (size_t i = 0; i < sizeof(summaries) / sizeof(summaries[0]); i++) {
			fputs("<td>", out);
			bench_html_number(out, json_object_get(summary, summaries[i]));
			fputs("</td>", out);
		}
		fputs("</tr>\n", out);
	}
}

void bench_html_figures(FILE *out, const json_t *all)
{
	size_t index;
	json_t *mode;

	fputs("<table "
	      "class=\"figures\"><thead><tr><th>mode</th><th>measure</th><th>median</"
	      "th><th>lowest</th>"
	      "<th>highest</th><th>mad</th></tr></thead><tbody>\n",
	      out);
	json_array_foreach(json_object_get(all, "modes"), index, mode)
		tables_figures(out, mode);
	fputs("</tbody></table>\n", out);
}

static void tables_value(FILE *out, const json_t *value)
{
	char *text = json_is_string(value) ?
			     NULL :
			     json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));

	bench_html_text(out, json_is_string(value) ? json_string_value(value) : text ? text : "?");
	free(text);
}

/* An object, in one line. */
static void tables_members(FILE *out, const json_t *object)
{
	const char *key, *before = "";
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		fprintf(out, "%s%s ", before, key);
		tables_value(out, value);
		before = ", ";
	}
}

static void tables_pair(FILE *out, const char *key, const json_t *value)
{
	size_t index;
	json_t *member;

	fputs("<dt>", out);
	bench_html_text(out, key);
	fputs("</dt><dd>", out);
	if (!json_is_array(value))
		tables_value(out, value);
	else if (!json_array_size(value))
		fputs("none", out);
	json_array_foreach((json_t *)value, index, member) {
		if (index)
			fputs("<br>", out);
		tables_members(out, member);
	}
	fputs("</dd>\n", out);
}

/* Objects inside others are flattened. */
static void tables_pairs(FILE *out, const json_t *object)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value) {
		if (json_is_object(value))
			tables_pairs(out, value);
		else
			tables_pair(out, key, value);
	}
}

void bench_html_machine(FILE *out, const json_t *all)
{
	fputs("<dl>", out);
	tables_pairs(out, json_object_get(all, "options"));
	tables_pairs(out, json_object_get(all, "manifest"));
	fputs("</dl>\n", out);
	if (!json_object_get(all, "client"))
		return;
	fputs("<h2>The client's machine</h2>\n<dl>", out);
	tables_pairs(out, json_object_get(all, "client"));
	fputs("</dl>\n", out);
}
