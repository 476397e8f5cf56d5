// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <jansson.h>
#include "tools/bench/client/client.h"
#include "tools/bench/machine/manifest.h"
#include "tools/bench/modes.h"
#include "tools/bench/options.h"
#include "tools/bench/remote/netns.h"
#include "tools/bench/remote/remote.h"
#include "tools/bench/report/chart.h"
#include "tools/bench/report/json.h"
#include "tools/bench/result.h"
#include "tools/bench/run.h"
#include "tools/bench/server/server.h"
#include "tools/bench/setup.h"
#include "tools/bench/soak/html.h"
#include "tools/bench/soak/print.h"
#include "tools/bench/soak/soak.h"
#include "tools/bench/soak/verdict.h"
#include "tools/common/log.h"
#include "tools/tools.h"

#define SOAK_PATIENCE	1000	/* checks, 10 ms apart, until all connections have ended */

struct soak {
	struct bench_soak result;
	struct bench_setup setup;
	struct bench_server server;
	struct bench_client client;
	struct bench_samples samples;	/* of the current part */
	double seconds;			/* since the start */
	bool interrupted;
};

/* ---- one part after the other ---- */

static int soak_ask(struct soak *s, struct bench_report *report)
{
	static const enum tlsring_path asked[BENCH_SEALS] = {
		[BENCH_USER] = TLSRING_PATH_USER, [BENCH_KERNEL] = TLSRING_PATH_KERNEL,
		[BENCH_NIC] = TLSRING_PATH_NIC,
	};
	int ret = bench_server_ask(&s->server, report);

	s->result.astray = 0;
	for (unsigned i = 0; !ret && i <= TLSRING_PATH_FAILED; i++)
		if (i != asked[s->result.mode->seal])
			s->result.astray += report->paths[i];
	return ret;
}

static int soak_look(struct soak *s)
{
	struct bench_soak *r = &s->result;
	struct bench_soak_look *look = &r->looks[r->count];
	struct bench_report report;
	int ret = soak_ask(s, &report);

	if (ret)
		return ret;
	*look = (struct bench_soak_look){
		.seconds = s->seconds, .requests = r->requests, .connections = s->client.opened,
		.updates = s->client.updates,
		.rate = (double)s->samples.requests->total_count / s->samples.seconds,
		.p50 = (double)hdr_value_at_percentile(s->samples.requests, 50) / 1e3,
		.p99 = (double)hdr_value_at_percentile(s->samples.requests, 99) / 1e3,
		.server = report.health,
	};
	bench_health_own(&look->client);
	r->count++;
	return 0;
}

static int soak_part(struct soak *s)
{
	const struct bench_options *options = s->setup.options;
	struct bench_load load = {
		.requests = (options->requests + BENCH_SOAK_LOOKS - 1) / BENCH_SOAK_LOOKS,
		.seconds = options->duration / BENCH_SOAK_LOOKS, .rate = options->rate,
	};
	int ret = bench_client_run(&s->client, &load, &s->samples);

	s->result.requests += s->samples.requests->total_count;
	s->seconds += s->samples.seconds;
	hdr_add(s->result.latency, s->samples.requests);
	return ret ? ret : soak_look(s);
}

static void soak_print_look(const struct soak *s)
{
	const struct bench_soak *r = &s->result;
	const struct bench_soak_look *look = &r->looks[r->count - 1];

	if (s->setup.options->format == BENCH_TABLE)
		bench_soak_print_look(stdout, r, look);
	else if (s->setup.options->format == BENCH_CSV)
		bench_soak_csv_look(stdout, r, look);
}

static int soak_load(struct soak *s)
{
	int ret = 0;

	while (!ret && s->result.count < BENCH_SOAK_LOOKS && !s->result.stopped) {
		ret = soak_part(s);
		if (!ret)
			soak_print_look(s);
		s->result.stopped = !ret && bench_soak_fault(&s->result);
	}
	return ret;
}

/* ---- before and after ---- */

static bool soak_settled(const struct bench_health *now, const struct bench_health *before)
{
	bool settled = now->descriptors <= before->descriptors;

	for (unsigned i = BENCH_CURRENT_TX; i <= BENCH_CURRENT_NIC_RX; i++)
		settled &= now->counters[i] <= before->counters[i];
	return settled;
}

/* Wait until the server has closed all connections. */
static int soak_settle(struct soak *s)
{
	struct bench_report report;
	int ret = soak_ask(s, &report);

	for (unsigned i = 0;
	     !ret && i < SOAK_PATIENCE && !soak_settled(&report.health, &s->result.before); i++) {
		usleep(10000);
		ret = soak_ask(s, &report);
	}
	if (!ret)
		s->result.after = report.health;
	return ret;
}

static int soak_start(struct soak *s)
{
	struct bench_report report;
	int ret;

	bench_health_own(&s->result.own_before);
	ret = bench_server_start(&s->server, &s->setup, s->result.mode);
	if (!ret)
		ret = bench_server_ask(&s->server, &report);
	if (ret)
		return ret;
	s->result.before = report.health;
	ret = bench_client_open(&s->client, &s->setup, s->result.mode,
				s->setup.options->connections, 0, &s->server.address);
	s->client.check = true;
	/* TLS 1.2 has no KeyUpdate. */
	s->client.rekeys = report.health.rekeys && s->setup.options->tls;
	return ret;
}

/* Fills in the result, in which an error is recorded. */
static void soak_run(struct soak *s)
{
	int ret = soak_start(s), end;

	if (!ret)
		ret = soak_load(s);
	s->result.connections = s->client.opened;
	s->result.updates = s->client.updates;
	bench_client_close(&s->client);
	end = soak_settle(s);
	s->interrupted = ret == -EINTR;
	s->result.error = ret && !s->interrupted ? ret : end;
	bench_server_stop(&s->server);
	bench_health_own(&s->result.own_after);
}

/* ---- the whole ---- */

static const struct bench_mode *soak_mode(const struct bench_options *options)
{
	for (unsigned i = 0; i < BENCH_MODES; i++)
		if (options->modes[i])
			return &bench_modes[i];
	return NULL;
}

/* Is the mode possible? An exit status; prints why not. */
static int soak_try(struct soak *s)
{
	struct bench_result result = { .mode = s->result.mode };
	struct bench_why why;
	char text[160];
	int ret = bench_run_try(&s->setup, &result);

	if (ret)
		log_line("%s: %s", s->result.mode->name, tlsring_strerror(ret, text, sizeof(text)));
	else if (bench_result_why(&why, &result))
		log_line("%s is not possible: %s%s%s", s->result.mode->name, why.text,
			 *why.remedy ? "; " : "", why.remedy);
	else
		return 0;
	return TOOLS_FAILED;
}

static int soak_write_html(const struct bench_options *options, const json_t *all)
{
	FILE *out = fopen(options->html, "we");
	int ret = out ? bench_soak_html(out, all) : -errno;

	if (out && fclose(out) && !ret)
		ret = -errno;
	if (ret)
		log_line("--html %s: %s", options->html,
			 ret == -EPROTO ? "gnuplot did not draw the charts" : strerror(-ret));
	return ret ? TOOLS_FAILED : 0;
}

static int soak_output(struct soak *s, json_t *manifest)
{
	struct bench_finding findings[BENCH_SOAK_FINDINGS];
	unsigned count = bench_soak_verdict(findings, &s->result);
	const struct bench_options *options = s->setup.options;
	json_t *all = bench_soak_json(&s->result, options, findings, count, manifest);
	int ret = s->interrupted || !all ? TOOLS_FAILED : 0;

	for (unsigned i = 0; i < count; i++)
		if (findings[i].wrong)
			ret = TOOLS_FAILED;
	if (options->format == BENCH_JSON && all && bench_json_print(all))
		ret = TOOLS_FAILED;
	if (options->format != BENCH_JSON)
		bench_soak_print_end(options->format == BENCH_CSV ? stderr : stdout, &s->result,
				     findings, count);
	if (options->html && all && soak_write_html(options, all))
		ret = TOOLS_FAILED;
	json_decref(all);
	if (s->interrupted)
		log_line("interrupted after %.0f seconds", s->seconds);
	return fflush(stdout) || ferror(stdout) ? TOOLS_FAILED : ret;
}

static void soak_free(struct soak *s)
{
	bench_samples_free(&s->samples);
	hdr_close(s->result.latency);
	free(s);
}

static struct soak *soak_new(const struct bench_options *options)
{
	struct soak *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->result.mode = soak_mode(options);
	s->result.latency = bench_samples_histogram();
	s->client.epoll = -1;
	if (!bench_samples_new(&s->samples) && s->result.latency)
		return s;
	soak_free(s);
	return NULL;
}

int bench_soak(const struct bench_options *options, const volatile sig_atomic_t *interrupted)
{
	struct soak *s = soak_new(options);
	json_t *manifest = NULL;
	int ret;

	if (!s)
		return TOOLS_FAILED;
	if (options->html && bench_chart_probe()) {
		log_line("--html: " BENCH_CHART_MISSING);
		soak_free(s);
		return TOOLS_FAILED;
	}
	ret = bench_setup_open(&s->setup, options, interrupted);
	if (!ret && options->connect)
		ret = bench_remote_open(&s->setup, &manifest);
	else if (!ret)
		manifest = bench_manifest(bench_options_manifest(options));
	if (!ret && bench_options_bad_net(options))
		ret = bench_netns_open(&s->setup, options);
	if (!ret)
		ret = soak_try(s);
	if (!ret) {
		if (options->format == BENCH_TABLE)
			bench_soak_print_head(stdout, &s->result, options);
		else if (options->format == BENCH_CSV)
			bench_soak_csv_head(stdout);
		soak_run(s);
		ret = soak_output(s, manifest);
	}
	bench_setup_free(&s->setup);
	json_decref(manifest);
	soak_free(s);
	return ret;
}
