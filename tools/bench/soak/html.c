// SPDX-License-Identifier: MIT
#include <jansson.h>
#include "tools/bench/report/html.h"
#include "tools/bench/report/html_tables.h"
#include "tools/bench/report/json.h"
#include "tools/bench/report/lines.h"
#include "tools/bench/soak/html.h"
#include "tools/bench/soak/types.h"

#define HTML_SERIES	2	/* lines of a chart, at most */

struct html_chart {
	const char *id, *title, *unit;
	double divide;
	struct {
		const char *key, *name, *colour;
	} series[HTML_SERIES];
};

static const struct html_chart html_charts[] = {
	{ "rate", "Requests per second", "requests/s", 1,
	  { { "requests_per_s", "requests", "#2f7fd6" } } },
	{ "latency", "Latency", "us", 1,
	  { { "latency_p50_us", "p50", "#2a9d62" }, { "latency_p99_us", "p99", "#d9822b" } } },
	{ "memory", "Memory of the processes", "MiB", 1 << 20,
	  { { "server_memory_bytes", "server", "#2f7fd6" },
	    { "client_memory_bytes", "client", "#808890" } } },
	{ "files", "Open descriptors", "descriptors", 1,
	  { { "server_descriptors", "server", "#2f7fd6" },
	    { "client_descriptors", "client", "#808890" } } },
	{ "kernel", "Memory of the kernel that it cannot reclaim", "MiB", 1 << 20,
	  { { "kernel_memory_bytes", "kernel", "#d9822b" } } },
};

static unsigned html_series(double points[BENCH_SOAK_LOOKS][2], const json_t *looks,
			    const char *key, double divide)
{
	unsigned count = 0;
	size_t index;
	json_t *look;

	json_array_foreach((json_t *)looks, index, look) {
		if (count == BENCH_SOAK_LOOKS)
			break;
		points[count][0] = json_number_value(json_object_get(look, "seconds"));
		points[count++][1] = json_number_value(json_object_get(look, key)) / divide;
	}
	return count;
}

static int html_chart(FILE *out, const struct html_chart *c, const json_t *looks)
{
	double points[HTML_SERIES][BENCH_SOAK_LOOKS][2];
	struct bench_line lines[HTML_SERIES];
	struct bench_lines chart = { .id = c->id, .x = "seconds", .y = c->unit, .lines = lines };
	int ret;

	for (unsigned i = 0; i < HTML_SERIES && c->series[i].key; i++) {
		unsigned count = html_series(points[i], looks, c->series[i].key, c->divide);

		lines[chart.count++] = (struct bench_line){
			c->series[i].name, c->series[i].colour, (const double (*)[2])points[i],
			count,
		};
	}
	fprintf(out, "<figure><figcaption>%s</figcaption>\n", c->title);
	ret = bench_lines_draw(out, &chart);
	fputs("</figure>\n", out);
	return ret;
}

static void html_findings(FILE *out, const json_t *all)
{
	size_t index;
	json_t *finding;

	json_array_foreach(json_object_get(all, "findings"), index, finding) {
		fprintf(out, "<p%s>",
			json_is_true(json_object_get(finding, "wrong")) ? " class=\"bad\"" : "");
		bench_html_text(out, bench_json_string(finding, "text", NULL));
		fputs("</p>\n", out);
	}
}

static void html_figure(FILE *out, const char *name, const json_t *value)
{
	fprintf(out, "<dt>%s</dt><dd>", name);
	bench_html_number(out, value);
	fputs("</dd>\n", out);
}

static void html_figures(FILE *out, const json_t *all)
{
	static const char *const counts[] = { "requests", "connections", "key_updates" };
	const char *key;
	json_t *value;

	fputs("<h2>In all</h2>\n<dl>", out);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		html_figure(out, counts[i], json_object_get(all, counts[i]));
	json_object_foreach(json_object_get(all, "latency"), key, value)
		html_figure(out, key, value);
	json_object_foreach(json_object_get(all, "counters"), key, value)
		html_figure(out, key, value);
	fputs("</dl>\n", out);
}

int bench_soak_html(FILE *out, const json_t *all)
{
	const json_t *looks = json_object_get(all, "looks");
	int ret = 0;

	bench_html_open(out, "What TLS does to a server in the long run");
	fputs("<p class=\"verdict\">", out);
	bench_html_text(out, bench_json_string(all, "mode", NULL));
	fputs(": ", out);
	bench_html_text(out, bench_json_string(all, "verdict", NULL));
	fputs("</p>\n", out);
	bench_html_which(out, all);
	fputs("</header>\n", out);
	html_findings(out, all);
	fputs("<div class=\"charts\">\n", out);
	for (size_t i = 0;
	     i < sizeof(html_charts) / sizeof(html_charts[0]) && json_array_size(looks) > 1; i++)
		ret = ret ? ret : html_chart(out, &html_charts[i], looks);
	fputs("</div>\n", out);
	html_figures(out, all);
	fputs("<details><summary>Options and machine</summary>\n", out);
	bench_html_machine(out, all);
	fputs("</details></body></html>\n", out);
	return ret;
}
