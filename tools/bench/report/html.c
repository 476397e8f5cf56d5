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

/* ---- the head ---- */

/* On a narrow screen each mode's row is a card and charts are below each other. In print the page
 * is white, and no row or chart is broken across pages. */
static const char html_style[] =
	":root{color-scheme:light "
	"dark;--text:#1b1f24;--back:#fff;--card:#f6f7f9;--line:#8884;--dim:#5b6470;"
	"--bad:#b3261e;--on-bad:#fff}"
	"@media screen and "
	"(prefers-color-scheme:dark){:root{--text:#e3e6ea;--back:#15181c;--card:#1d2126;--dim:#"
	"9aa4b0;"
	"--bad:#e5685f;--on-bad:#15181c}}"
	"body{font:16px/1.5 "
	"system-ui,sans-serif;color:var(--text);background:var(--back);max-width:76rem;"
	"margin:0 auto;padding:1.5rem 1rem}"
	"h1{font-size:1.6rem;line-height:1.2;margin:0 0 .5rem}h2{font-size:1.15rem;margin:2.2rem 0 "
	".6rem}"
	".map{display:block;overflow-x:auto;margin-bottom:1rem}"
	".map td.cell{text-align:left;background:color-mix(in srgb,var(--seal) "
	"25%,var(--back));border:2px solid var(--seal)}"
	".verdict{font-size:1.1rem;font-weight:600}details{margin:1.6rem 0}"
	"summary{font-size:1.15rem;font-weight:600;cursor:pointer}"
	"p{margin:.3rem 0}.dim,footer{color:var(--dim)}footer{margin-top:2.5rem;font-size:.9em}"
	".bad{background:var(--bad);color:var(--on-bad);padding:.7rem "
	"1rem;border-radius:.5rem;font-weight:600;margin:1rem 0}"
	".key{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;margin:.5rem 0 1rem}"
	".key span::before,.modes "
	"td.m::before{content:'';display:inline-block;width:.8em;height:.8em;border-radius:.2em;"
	"margin-right:.45em;background:var(--seal)}"
	".charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,27rem),1fr));"
	"gap:1rem;align-items:start}"
	"figure{margin:0;background:var(--card);border-radius:.6rem;padding:.8rem}"
	"figcaption{font-weight:600}figcaption "
	"small{display:block;font-weight:400;color:var(--dim)}"
	"svg{display:block;width:100%;max-width:34rem;height:auto}"
	/* gnuplot's black is replaced by the page's text colour. */
	"svg [fill=black]{fill:currentColor}svg [stroke=black]{stroke:currentColor}svg "
	"[color=black]{color:inherit}"
	"table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}"
	"th{font-size:.85em;font-weight:500;color:var(--dim);text-align:right;vertical-align:"
	"bottom}"
	"th,td{padding:.35rem .6rem;border-bottom:1px solid var(--line)}td{text-align:right}"
	"th:first-child,.figures "
	"th:nth-child(2),td.m,td.t{text-align:left}td.m{font-weight:600;white-space:nowrap}td.m "
	"small{display:block;"
	"font-weight:400;color:var(--dim);white-space:normal}"
	"td.s span span{white-space:nowrap}td.wrong{color:var(--bad);font-weight:600}"
	"dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:.15rem "
	"1rem;margin:0;font-size:.9em}"
	"dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}"
	"@media screen and (max-width:48rem){.modes thead{display:none}.modes "
	"tr{display:block;background:var(--card);"
	"border-radius:.6rem;padding:.5rem .8rem;margin-bottom:.7rem}.modes "
	"td{display:flex;justify-content:space-between;"
	"gap:1rem;border:0;padding:.1rem 0}.modes td.m,.modes td.t{display:block}"
	".modes td[data-label]::before{content:attr(data-label);color:var(--dim)}"
	".figures{display:block;overflow-x:auto;font-size:.75rem}.figures th,.figures "
	"td{padding:.25rem .15rem;font-size:inherit}"
	".figures td.m,.figures "
	"td.t{white-space:normal;overflow-wrap:anywhere}dl{grid-template-columns:1fr}dd{margin-"
	"bottom:.4rem}}"
	"@media print{body{max-width:none;padding:0;font-size:11px}th,td{padding:.15rem "
	".5rem}h2{break-after:avoid}figure,tr,dt,dd{break-inside:avoid}"
	"figure{border:1px solid var(--line)}.charts{grid-template-columns:1fr 1fr}"
	"svg,.modes td.m::before,.key "
	"span::before{print-color-adjust:exact;-webkit-print-color-adjust:exact}"
	".bad{background:none;color:var(--bad);border:2px solid}}";

static void html_via(FILE *out, const json_t *options)
{
	const char *via = bench_json_string(options, "via", NULL);

	fputs(strcmp(via, "loopback") && strcmp(via, "veth") ? "to " : "over ", out);
	bench_html_text(out, via);
	if (!strcmp(via, "veth"))
		fprintf(out, ", %g %% of packets lost, %g ms late",
			json_number_value(json_object_get(options, "loss_percent")),
			json_number_value(json_object_get(options, "delay_ms")));
}

static void html_load(FILE *out, const json_t *all)
{
	const json_t *modes = json_object_get(all, "modes");
	json_int_t rate = json_integer_value(
		json_object_get(json_object_get(all, "options"), "rate"));
	static const struct bench_chart idle = { "memory", BENCH_CHART_BARS,
						 "memory_bytes_per_connection" };
	static const struct bench_chart busy = { "latency", BENCH_CHART_RANGES, NULL };

	/* Idle connections have no load. */
	if (bench_chart_has(&idle, modes) && !bench_chart_has(&busy, modes))
		return;
	if (rate)
		fprintf(out,
			"<p>Open load: %" JSON_INTEGER_FORMAT
			" requests/s, the latency of each from when it was due</p>",
			rate);
	else
		fputs("<p>Closed load: each connection asks again as soon as it has its answer</p>",
		      out);
}

static void html_noise(FILE *out, const json_t *all)
{
	const json_t *noise = json_object_get(all, "noise");

	if (!noise)
		return;
	fputs("<p>Other processes had ", out);
	bench_html_number(out, json_object_get(noise, "others_percent"));
	fputs(" % of the processors&#8217; time, other virtual machines ", out);
	bench_html_number(out, json_object_get(noise, "steal_percent"));
	fputs(" %</p>", out);
}

void bench_html_open(FILE *out, const char *title)
{
	fprintf(out,
		"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
		"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
		"<link rel=\"icon\" href=\"data:,\"><title>%s</title><style>%s</style></head>\n"
		"<body><header><h1>%s</h1>", title, html_style, title);
}

void bench_html_which(FILE *out, const json_t *all)
{
	const json_t *manifest = json_object_get(all, "manifest");

	fputs("<p class=\"dim\">", out);
	bench_html_text(out, bench_json_string(manifest, "host", NULL));
	fputs(", ", out);
	bench_html_text(out, bench_json_string(manifest, "date", NULL));
	fputs(": ", out);
	bench_html_text(out, bench_json_string(manifest, "processor", "model"));
	fputs(", Linux ", out);
	bench_html_text(out, bench_json_string(manifest, "kernel", "release"));
	fputs("; ", out);
	bench_html_text(out, bench_json_string(manifest, "openssl", NULL));
	fputs("; tlsring ", out);
	bench_html_text(out, bench_json_string(manifest, "tlsring", NULL));
	fputs(" on ", out);
	bench_html_text(out, bench_json_string(manifest, "engine", NULL));
	fputs("</p>", out);
}

static void html_verdict(FILE *out, const json_t *all)
{
	size_t index;
	json_t *sentence;

	json_array_foreach(json_object_get(all, "verdict"), index, sentence) {
		fputs("<p class=\"verdict\">", out);
		bench_html_text(out, json_string_value(sentence));
		fputs("</p>\n", out);
	}
}

static void html_head(FILE *out, const json_t *all)
{
	const json_t *options = json_object_get(all, "options");

	bench_html_open(out, "What TLS costs a server");
	html_verdict(out, all);
	fputs("<p>TLS ", out);
	bench_html_text(out, bench_json_string(options, "tls", NULL));
	fputs(" with ", out);
	bench_html_text(out, bench_json_string(options, "cipher", NULL));
	fprintf(out,
		", %s of %" JSON_INTEGER_FORMAT " bytes on %" JSON_INTEGER_FORMAT " connections ",
		bench_messages[bench_json_direction(all)],
		json_integer_value(json_object_get(options, "size")),
		json_integer_value(json_object_get(options, "connections")));
	html_via(out, options);
	fprintf(out, "; median of %" JSON_INTEGER_FORMAT " rounds</p>",
		json_integer_value(json_object_get(all, "rounds")));
	html_load(out, all);
	html_noise(out, all);
	bench_html_which(out, all);
	fputs("</header>\n", out);
}

/* Warnings. */
static void html_astray(FILE *out, const json_t *all)
{
	size_t index;
	json_t *mode;

	json_array_foreach(json_object_get(all, "modes"), index, mode) {
		if (!json_is_false(json_object_get(json_object_get(mode, "path"), "as_asked")))
			continue;
		fputs("<p class=\"bad\">WRONG PATH: the records of ", out);
		bench_html_text(out, bench_json_string(mode, "name", NULL));
		fprintf(out,
			" were not all %s where they should be: its figures are not about "
			"that</p>\n",
			bench_done[bench_json_direction(all)]);
	}
}

static void html_unproven(FILE *out, const json_t *all)
{
	size_t index;
	json_t *mode;

	json_array_foreach(json_object_get(all, "modes"), index, mode) {
		const char *doubt = json_string_value(json_object_get(json_object_get(mode, "path"),
								      "doubt"));

		if (!doubt)
			continue;
		fputs("<p class=\"bad\">What the card did for ", out);
		bench_html_text(out, bench_json_string(mode, "name", NULL));
		fputs(" is NOT PROVEN: ", out);
		bench_html_text(out, doubt);
		fputs("</p>\n", out);
	}
}

static void html_behind(FILE *out, const json_t *all)
{
	size_t index;
	json_t *mode;

	json_array_foreach(json_object_get(all, "modes"), index, mode) {
		if (!json_integer_value(json_object_get(mode, "runs_behind")))
			continue;
		fputs("<p class=\"bad\">The load was too much for ", out);
		bench_html_text(out, bench_json_string(mode, "name", NULL));
		fputs(": its latency grows as long as a round lasts</p>\n", out);
	}
}

static void html_limits(FILE *out, const json_t *all)
{
	bool open = json_integer_value(json_object_get(json_object_get(all, "options"), "rate"));
	size_t index;
	json_t *mode;

	json_array_foreach(json_object_get(all, "modes"), index, mode) {
		const json_t *limit = json_object_get(mode, "limit");
		const char *by = bench_json_string(limit, "by", NULL);

		if (open || (strcmp(by, "client") && strcmp(by, "other")))
			continue;
		fputs("<p>", out);
		bench_html_text(out, bench_json_string(mode, "name", NULL));
		fprintf(out, " was limited by %s: the server had ",
			strcmp(by, "other") ? "the client" :
			"neither end, but by the link, a disk or other programs");
		bench_html_number(out, json_object_get(limit, "server_busy_percent"));
		fputs(" % of a processor, the client ", out);
		bench_html_number(out, json_object_get(limit, "client_busy_percent"));
		fputs(" %</p>\n", out);
	}
}

/* ---- charts ---- */

static const struct {
	struct bench_chart chart;
	const char *title, *text;
} html_charts[] = {
	{ { "cpu", BENCH_CHART_BARS, "cpu_s_per_gib" }, "CPU seconds per GiB",
	  "of the server; less is better" },
	{ { "gbit", BENCH_CHART_BARS, "gbit_per_s" }, "Gb/s",
	  "that the client received; more is better" },
	{ { "handshake", BENCH_CHART_BARS, "cpu_us_per_handshake" }, "CPU \302\265s per handshake",
	  "of the server, with one request and the end of the connection; less is better" },
	{ { "handshakes", BENCH_CHART_BARS, "handshakes_per_s" }, "Handshakes per second",
	  "with a request each; more is better" },
	{ { "memory", BENCH_CHART_BARS, "memory_bytes_per_connection" },
	  "Bytes per idle connection",
	  "of the server's process; less is better" },
	{ { "latency", BENCH_CHART_RANGES, NULL }, "Latency", "of a request under this load: "
	  "\342\227\217&nbsp;p50, \342\226\240&nbsp;p99, \342\226\262&nbsp;max; "
	  "less is better" },
	{ { "request", BENCH_CHART_BARS, "cpu_us_per_request" }, "CPU \302\265s per request",
	  "of the server; less is better" },
};

/* True if a mode has it: the key lists no others. */
static bool html_sealed(const json_t *all, const char *seal)
{
	size_t index;
	json_t *mode;

	json_array_foreach(json_object_get(all, "modes"), index, mode)
		if (!strcmp(bench_json_string(mode, "seal", NULL), seal))
			return true;
	return false;
}

static void html_key(FILE *out, const json_t *all)
{
	static const char *const texts[BENCH_SEALS] = {
		[BENCH_NOBODY] = ": plain TCP", [BENCH_USER] = " in user space",
		[BENCH_KERNEL] = " by the kernel", [BENCH_NIC] = " by the network card",
	};
	const char *done = bench_done[bench_json_direction(all)];

	fputs("<p class=\"key\">", out);
	for (unsigned i = 0; i < BENCH_SEALS; i++)
		if (html_sealed(all, bench_seals[i]))
			fprintf(out, "<span style=\"--seal:%s\">%s%s%s</span>",
				bench_chart_colour(bench_seals[i]), i == BENCH_NOBODY ? "not " : "",
				done, texts[i]);
	fputs("</p>\n", out);
}

#define HTML_CDF	32	/* points of a distribution */

/* The distribution of each mode's latency, as a line. */
static int html_cdf(FILE *out, const json_t *all)
{
	double (*points)[HTML_CDF][2] = calloc(BENCH_MODES, sizeof(*points));
	struct bench_line lines[BENCH_MODES];
	struct bench_lines chart = {
		.id = "cdf", .x = "\302\265s", .y = "percent", .log_x = true, .lines = lines,
	};
	size_t index, at;
	json_t *mode, *point;
	int ret = 0;

	json_array_foreach(json_object_get(all, "modes"), index, mode) {
		struct bench_line *line = &lines[chart.count];

		*line = (struct bench_line){
			.name = bench_json_string(mode, "name", NULL),
			.colour = bench_chart_colour(bench_json_string(mode, "seal", NULL)),
		};
		json_array_foreach(json_object_get(mode, "latency_cdf"), at, point) {
			if (!points || at == HTML_CDF)
				break;
			line->points = (const double (*)[2])points[chart.count];
			points[chart.count][at][0] = json_number_value(json_array_get(point, 0));
			points[chart.count][at][1] = json_number_value(json_array_get(point, 1));
			line->count++;
		}
		chart.count += line->count > 0;
	}
	if (chart.count) {
		fputs("<figure><figcaption>Latency, of all rounds<small>so many percent of the requests "
		      "took at most this long</small></figcaption>\n",
		      out);
		ret = bench_lines_draw(out, &chart);
		fputs("</figure>\n", out);
	}
	free(points);
	return ret;
}

static int html_draw(FILE *out, const json_t *all)
{
	const json_t *modes = json_object_get(all, "modes");
	int ret = 0;

	html_key(out, all);
	fputs("<div class=\"charts\">\n", out);
	for (size_t i = 0; !ret && i < sizeof(html_charts) / sizeof(html_charts[0]); i++) {
		if (!bench_chart_has(&html_charts[i].chart, modes))
			continue;
		fprintf(out, "<figure><figcaption>%s<small>%s</small></figcaption>\n",
			html_charts[i].title, html_charts[i].text);
		ret = bench_chart_draw(out, &html_charts[i].chart, modes);
		fputs("</figure>\n", out);
	}
	if (!ret)
		ret = html_cdf(out, all);
	fputs("</div>\n", out);
	return ret;
}

/* ---- the whole ---- */

static void html_doubts(FILE *out, const json_t *all)
{
	const json_t *doubts = json_object_get(all, "doubts");
	size_t index;
	json_t *doubt;

	if (!json_array_size(doubts))
		return;
	fputs("<h2>Noise</h2>\n<ul>\n", out);
	json_array_foreach((json_t *)doubts, index, doubt) {
		fputs("<li>Noise is larger than the difference of ", out);
		bench_html_text(out, bench_json_string(doubt, "less", NULL));
		fputs(" and ", out);
		bench_html_text(out, bench_json_string(doubt, "more", NULL));
		fputs(" in ", out);
		bench_html_text(out, bench_json_string(doubt, "measure", NULL));
		fprintf(out, " (%.1f %%)</li>\n",
			json_number_value(json_object_get(doubt, "percent")));
	}
	fputs("</ul>\n", out);
}

static void html_model(FILE *out, const json_t *all)
{
	const json_t *model = json_object_get(all, "card");

	if (!model)
		return;
	fputs("<h2>With a network card that seals</h2>\n<p>The server's CPU time would be ", out);
	bench_html_number(out, json_object_get(model, "least_cpu_s_per_gib"));
	fputs(" to ", out);
	bench_html_number(out, json_object_get(model, "most_cpu_s_per_gib"));
	fputs(" s/GiB instead of kernel-sendfile's ", out);
	bench_html_number(out, json_object_get(model, "kernel_cpu_s_per_gib"));
	fputs(", and ", out);
	bench_html_number(out, json_object_get(model, "copy_cpu_s_per_gib"));
	fputs(" more where it cannot send from the page cache itself. This is a model, not a "
	      "measurement; tlsring-bench(1) "
	      "has it.</p>\n",
	      out);
}

static void html_foot(FILE *out)
{
	fputs("<footer><p>CPU time is that of the server's process, the kernel's on its behalf "
	      "included. Bars are medians of the "
	      "rounds, the thin lines on them reach from the lowest round to the highest; mad is "
	      "the median distance from "
	      "the median. Who sealed or opened is what the kernel counted, not what the mode is "
	      "called.</p><p>Made by tlsring bench; tlsring-bench(1) says "
	      "how it measures.</p></footer></body></html>\n",
	      out);
}

int bench_html(FILE *out, const json_t *all)
{
	int ret;

	html_head(out, all);
	html_astray(out, all);
	html_unproven(out, all);
	html_behind(out, all);
	html_limits(out, all);
	ret = html_draw(out, all);
	fputs("<h2>Modes</h2>\n", out);
	bench_html_modes(out, all);
	bench_html_latencies(out, all);
	bench_html_cards(out, all);
	html_model(out, all);
	html_doubts(out, all);
	fputs("<details><summary>Every figure</summary>\n", out);
	bench_html_figures(out, all);
	fputs("</details>\n<details><summary>Options and machine</summary>\n", out);
	bench_html_machine(out, all);
	fputs("</details>\n", out);
	html_foot(out);
	return ret;
}
