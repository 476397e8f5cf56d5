// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include "tools/bench/modes.h"
#include "tools/bench/options.h"
#include "tools/bench/proof.h"
#include "tools/bench/run.h"

#define RUN_RECORD	16384	/* bytes of data in a full record */
#define RUN_FRAMING	29	/* bytes of a record beside its data: header, nonce, tag */
#define RUN_ALERT	2	/* bytes of data */
#define RUN_WARM	8	/* the warm-up is one part in so many */
#define RUN_FIRST	4	/* likewise, of idle connections */
#define RUN_LATE	0.1	/* seconds by which an open load may be late */

/* ---- a try ---- */

static int try_request(const struct bench_setup *setup, const struct bench_mode *mode,
		       const struct sockaddr_storage *to)
{
	const struct bench_load one = { .requests = 1 };
	struct bench_samples samples;
	struct bench_client client;
	int ret = bench_client_open(&client, setup, mode, 1, 0, to),
	    made = bench_samples_new(&samples);

	client.check = true;
	if (!ret)
		ret = made;
	if (!ret && mode->lifetime == BENCH_IDLE)
		ret = bench_client_dial(&client, 1);
	if (!ret)
		ret = bench_client_run(&client, &one, &samples);
	bench_client_close(&client);
	bench_samples_free(&samples);
	return ret;
}

/* The server's keys did not go where the mode wants them. */
static bool try_elsewhere(const struct bench_mode *mode, const struct bench_report *report)
{
	return (mode->seal >= BENCH_KERNEL && report->paths[TLSRING_PATH_USER]) ||
	       (mode->seal == BENCH_NIC && report->paths[TLSRING_PATH_KERNEL]);
}

static int try_server(const struct bench_setup *setup, const struct bench_mode *mode,
		      const struct bench_server *server, struct bench_report *report)
{
	struct bench_snapshot before, after;
	int ret = bench_server_ask(server, report), asked;

	if (ret)
		return ret;
	bench_snapshot_take(&before, NULL, server);
	ret = try_request(setup, mode, &server->address);
	/* The server's reason is better than the client's error. */
	asked = bench_server_ask(server, report);
	ret = asked ? asked : ret;
	bench_snapshot_take(&after, NULL, server);
	/* Other programs do not report where their keys went. */
	if (!ret && mode->program && mode->seal == BENCH_KERNEL &&
	    after.flows[BENCH_OUT].installs[0] == before.flows[BENCH_OUT].installs[0])
		report->lack = BENCH_LACK_KTLS;
	return ret;
}

int bench_run_try(const struct bench_setup *setup, struct bench_result *result)
{
	const struct bench_mode *mode = result->mode;
	struct bench_report report = { 0 };
	struct bench_server server;
	int ret = bench_server_start(&server, setup, mode);

	if (!ret)
		ret = try_server(setup, mode, &server, &report);
	bench_server_stop(&server);
	if (ret == -EINTR)
		return ret;
	/* An agent may say anything. */
	result->lack = mode->program ? report.lack : BENCH_LACK_NONE;
	if (try_elsewhere(mode, &report))
		result->why = report.why ? report.why : TLSRING_REASON_KERNEL_REFUSED;
	return result->lack || result->why ? 0 : ret;
}

/* ---- a run ---- */

struct run {
	const struct bench_setup *setup;
	const struct bench_mode *mode;
	struct bench_server server;
	struct bench_crowd crowd;
	struct bench_samples samples;
	struct bench_snapshot start, from, to;
	struct bench_report before, after;
};

static int run_load(struct run *run, unsigned part)
{
	const struct bench_options *options = run->setup->options;
	struct bench_load load = {
		.requests = (options->requests + part - 1) / part,
		.seconds = options->seconds / part,
		.rate = options->rate,
	};

	return bench_crowd_run(&run->crowd, &load, &run->samples);
}

/* Snapshots cost the server nothing; its CPU time is read inside of them. */
static int run_measured(struct run *run)
{
	int ret = run_load(run, RUN_WARM);

	if (!ret)
		ret = bench_snapshot_take(&run->from, &run->crowd, &run->server);
	if (!ret)
		ret = bench_server_ask(&run->server, &run->before);
	if (!ret)
		ret = run_load(run, 1);
	if (!ret)
		ret = bench_server_ask(&run->server, &run->after);
	if (!ret)
		ret = bench_snapshot_take(&run->to, &run->crowd, &run->server);
	return ret;
}

/* Open connections until there are so many, and send a request on each. */
static int run_crowd(struct run *run, unsigned connections)
{
	const struct bench_load each = { .requests = connections };
	int ret = bench_crowd_dial(&run->crowd, connections);

	return !ret && connections ? bench_crowd_run(&run->crowd, &each, &run->samples) : ret;
}

/* The first quarter also pays for memory that is allocated once. */
static int run_idle(struct run *run)
{
	unsigned all = run->setup->options->connections;
	int ret = run_crowd(run, all / RUN_FIRST);

	if (!ret)
		ret = bench_snapshot_take(&run->from, &run->crowd, &run->server);
	if (!ret)
		ret = bench_server_ask(&run->server, &run->before);
	if (!ret)
		ret = run_crowd(run, all);
	if (!ret)
		ret = bench_server_ask(&run->server, &run->after);
	if (!ret)
		ret = bench_snapshot_take(&run->to, &run->crowd, &run->server);
	return ret;
}

static void run_percentiles(double *out, const struct hdr_histogram *histogram,
			    const double *percents, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		out[i] = (double)hdr_value_at_percentile(histogram, percents[i]) / 1e3;
}

static void run_installs(double *out, const struct bench_installs *installs)
{
	out[BENCH_INSTALLS] = installs->mean ? 1e9 / (double)installs->mean : 0;
	out[BENCH_INSTALL_P50] = (double)installs->p50;
	out[BENCH_INSTALL_P99] = (double)installs->p99;
}

static void run_counted(struct bench_run *out, const struct run *run, double count, double bytes)
{
	const struct bench_counted *before = &run->before.counted, *after = &run->after.counted;
	double values[BENCH_COUNTERS];

	for (unsigned i = 0; i < BENCH_COUNTERS; i++) {
		out->counted[i] = before->there[i] && after->there[i];
		values[i] = (double)(after->values[i] - before->values[i]);
	}
	out->values[BENCH_CYCLES_BYTE] = values[BENCH_COUNT_CYCLES] / bytes;
	out->values[BENCH_CYCLES_REQUEST] = values[BENCH_COUNT_CYCLES] / count;
	out->values[BENCH_INSNS_BYTE] = values[BENCH_COUNT_INSTRUCTIONS] / bytes;
	out->values[BENCH_INSNS_REQUEST] = values[BENCH_COUNT_INSTRUCTIONS] / count;
	out->values[BENCH_TRAFFIC_BYTE] = values[BENCH_COUNT_MEMORY] / bytes;
	out->values[BENCH_TRAFFIC] = values[BENCH_COUNT_MEMORY] / run->samples.seconds;
}

/* Bytes of TLS 1.2 records with AES-GCM, the only ones that cards take: of an answer,
and of the alert
 * that ends a new connection. */
static uint64_t run_records(const struct run *run)
{
	uint64_t size = run->setup->options->size, each = (size + RUN_RECORD - 1) / RUN_RECORD;

	return (uint64_t)run->samples.requests->total_count *
	       (size + (each + 1) * RUN_FRAMING + RUN_ALERT);
}

static void run_proof(struct bench_path *out, const struct run *run)
{
	const struct bench_proof proof = {
		.mode = run->mode, .direction = run->setup->options->direction,
		.connections = bench_crowd_opened(&run->crowd), .start = &run->start,
		.from = &run->from,
		.to = &run->to, .report = &run->after,
		.records = bench_mode_new(run->mode) ? run_records(run) : 0,
	};

	bench_proof_judge(out, &proof);
}

static void run_values(struct bench_run *out, struct run *run)
{
	static const double handshakes[] = { 50, 99 };
	const struct bench_samples *s = &run->samples;
	double count = (double)s->requests->total_count,
	       bytes = count * (double)bench_options_bytes(run->setup->options);
	double cpu = (double)(run->after.cpu - run->before.cpu) / 1e9;
	unsigned all = run->setup->options->connections, grown = all - all / RUN_FIRST;

	/* Later than its last requests and noise explain. */
	out->behind = run->setup->options->rate &&
		      s->seconds > 1.1 * count / run->setup->options->rate + RUN_LATE;
	out->disk = run->after.disk - run->before.disk;
	out->payload = (uint64_t)bytes;
	out->samples = (uint64_t)s->requests->total_count;
	/* Fewer bytes read than sent: a copy was still in memory. A page more or less is not. */
	out->warm = run->setup->options->cache == BENCH_COLD && (double)out->disk < 0.99 * bytes;
	out->values[BENCH_GBITS] = bytes * 8 / s->seconds / 1e9;
	out->values[BENCH_REQUESTS] = out->values[BENCH_HANDSHAKES] = count / s->seconds;
	out->values[BENCH_CPU_GIB] = cpu / (bytes / (1 << 30));
	out->values[BENCH_CPU_REQUEST] = out->values[BENCH_CPU_HANDSHAKE] = cpu * 1e6 / count;
	out->values[BENCH_MEMORY] = ((double)run->after.memory - (double)run->before.memory) /
				    grown;
	run_percentiles(&out->values[BENCH_P50], s->requests, bench_percentiles, BENCH_PERCENTILES);
	out->values[BENCH_LATENCY_MAX] = (double)hdr_max(s->requests) / 1e3;
	out->busy = (struct bench_busy){ cpu, run->samples.cpu, s->seconds };
	run_percentiles(&out->values[BENCH_HANDSHAKE_P50], s->handshakes, handshakes, 2);
	run_installs(out->values, &run->after.installs);
	run_counted(out, run, count, bytes);
	run_proof(&out->path, run);
}

int bench_run(struct bench_run *out, const struct bench_setup *setup,
	      const struct bench_result *result)
{
	const struct bench_mode *mode = result->mode;
	struct run *run = malloc(sizeof(*run));
	int ret;

	if (!run)
		return -ENOMEM;
	*run = (struct run){ .setup = setup, .mode = mode };
	ret = bench_samples_new(&run->samples);
	if (ret)
		goto out;
	ret = bench_server_start(&run->server, setup, mode);
	/* Its answer means that the library's probes are over, whose installs are counted, too. */
	if (!ret)
		ret = bench_server_ask(&run->server, &run->before);
	if (!ret)
		ret = bench_snapshot_take(&run->start, &run->crowd, &run->server);
	if (!ret)
		ret = bench_crowd_open(&run->crowd, setup, mode, &run->server.address);
	if (!ret)
		ret = mode->lifetime == BENCH_IDLE ? run_idle(run) : run_measured(run);
	if (!ret) {
		run_values(out, run);
		hdr_add(result->latency, run->samples.requests);
		hdr_add(result->handshakes, run->samples.handshakes);
	}
	bench_crowd_close(&run->crowd);
	bench_server_stop(&run->server);
out:
	bench_samples_free(&run->samples);
	free(run);
	return ret;
}
