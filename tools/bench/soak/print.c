// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <jansson.h>
#include "tools/bench/client/samples.h"
#include "tools/bench/options.h"
#include "tools/bench/report/json.h"
#include "tools/bench/report/table.h"
#include "tools/bench/soak/print.h"

/* Hours, minutes and seconds. */
static const char *print_time(double seconds, char buf[16])
{
	unsigned all = (unsigned)(seconds + 0.5);

	snprintf(buf, 16, "%u:%02u:%02u", all / 3600 % 100000, all / 60 % 60, all % 60);
	return buf;
}

void bench_soak_print_head(FILE *out, const struct bench_soak *soak,
			   const struct bench_options *options)
{
	char time[16];

	fprintf(out, "%s: %s; TLS %s, %s, answers of up to %llu bytes on %u connections ",
		soak->mode->name, soak->mode->text, bench_versions[options->tls],
		bench_ciphers[options->cipher], (unsigned long long)options->size,
		options->connections);
	bench_table_via(out, options);
	if (options->requests)
		fprintf(out, ", %u requests\n\n", options->requests);
	else
		fprintf(out, ", for %s\n\n", print_time(options->duration, time));
	fprintf(out, "%10s %11s %8s %10s %8s %9s %9s %9s %6s %9s %6s %9s %6s\n", "TIME", "REQUESTS",
		"each s", "CONNECTNS", "UPDATES", "p50 us", "p99 us", "SERVERKiB", "FILES",
		"CLIENTKiB", "FILES", "KERNELMiB", "ERRORS");
	fflush(out);
}

static uint64_t print_errors(const struct bench_health *now, const struct bench_health *before)
{
	uint64_t errors = 0;

	for (unsigned i = BENCH_DECRYPT_ERRORS; i <= BENCH_NO_PAD_VIOLATIONS; i++)
		errors += now->counters[i] - before->counters[i];
	return errors;
}

void bench_soak_print_look(FILE *out, const struct bench_soak *soak,
			   const struct bench_soak_look *look)
{
	char time[16];

	fprintf(out,
		"%10s %11llu %8.0f %10llu %8llu %9.0f %9.0f %9llu %6llu %9llu %6llu %9llu %6llu\n",
		print_time(look->seconds, time), (unsigned long long)look->requests, look->rate,
		(unsigned long long)look->connections, (unsigned long long)look->updates, look->p50,
		look->p99, (unsigned long long)look->server.memory / 1024,
		(unsigned long long)look->server.descriptors,
		(unsigned long long)look->client.memory / 1024,
		(unsigned long long)look->client.descriptors,
		(unsigned long long)look->server.slab >> 20,
		(unsigned long long)print_errors(&look->server, &soak->before));
	/* For those who follow a file of it. */
	fflush(out);
}

void bench_soak_csv_head(FILE *out)
{
	fputs("seconds,requests,requests_per_s,connections,key_updates,latency_p50_us,latency_p99_"
	      "us,"
	      "server_memory_bytes,server_descriptors,client_memory_bytes,client_descriptors,"
	      "kernel_memory_bytes,errors\n",
	      out);
	fflush(out);
}

void bench_soak_csv_look(FILE *out, const struct bench_soak *soak,
			 const struct bench_soak_look *look)
{
	fprintf(out,
		"%.1f,%" PRIu64 ",%.1f,%" PRIu64 ",%" PRIu64 ",%.1f,%.1f,%" PRIu64 ",%" PRIu64
		",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n",
		look->seconds, look->requests, look->rate, look->connections, look->updates,
		look->p50, look->p99, look->server.memory, look->server.descriptors,
		look->client.memory, look->client.descriptors, look->server.slab,
		print_errors(&look->server, &soak->before));
	fflush(out);
}

static bool print_wrong(const struct bench_finding *findings, unsigned count)
{
	bool wrong = false;

	for (unsigned i = 0; i < count; i++)
		wrong |= findings[i].wrong;
	return wrong;
}

static double print_percentile(const struct bench_soak *soak, double percent)
{
	return (double)hdr_value_at_percentile(soak->latency, percent) / 1e3;
}

void bench_soak_print_end(FILE *out, const struct bench_soak *soak,
			  const struct bench_finding *findings, unsigned count)
{
	fprintf(out, "\nLatency us: p50 %.0f, p90 %.0f, p99 %.0f, p99.9 %.0f, p99.99 %.0f\n",
		print_percentile(soak, 50), print_percentile(soak, 90), print_percentile(soak, 99),
		print_percentile(soak, 99.9), print_percentile(soak, 99.99));
	for (unsigned i = 0; i < count; i++)
		fprintf(out, "%s: %s\n", findings[i].wrong ? "WRONG" : "note", findings[i].text);
	fprintf(out, "VERDICT: %s: %llu requests on %llu connections, %llu KeyUpdates\n",
		print_wrong(findings, count) ? "FAIL" : "pass", (unsigned long long)soak->requests,
		(unsigned long long)soak->connections, (unsigned long long)soak->updates);
}

/* ---- JSON ---- */

static json_t *print_json_look(const struct bench_soak_look *l)
{
	return json_pack("{s:f, s:I, s:I, s:I, s:f, s:f, s:f, s:I, s:I, s:I, s:I, s:I}",
			 "seconds", l->seconds,
			 "requests", (json_int_t)l->requests,
			 "connections", (json_int_t)l->connections,
			 "key_updates", (json_int_t)l->updates, "requests_per_s", l->rate,
			 "latency_p50_us", l->p50,
			 "latency_p99_us", l->p99, "server_memory_bytes",
			 (json_int_t)l->server.memory,
			 "server_descriptors", (json_int_t)l->server.descriptors,
			 "client_memory_bytes", (json_int_t)l->client.memory,
			 "client_descriptors", (json_int_t)l->client.descriptors,
			 "kernel_memory_bytes", (json_int_t)l->server.slab);
}

static json_t *print_json_looks(const struct bench_soak *soak)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < soak->count; i++)
		json_array_append_new(array, print_json_look(&soak->looks[i]));
	return array;
}

/* The change of each counter. */
static json_t *print_json_counters(const struct bench_soak *soak)
{
	json_t *object = json_object();

	for (unsigned i = 0; i < BENCH_TLS_COUNTERS; i++)
		json_object_set_new(object, bench_tls_counters[i],
				    json_integer((json_int_t)(soak->after.counters[i] -
							      soak->before.counters[i])));
	return object;
}

static json_t *print_json_findings(const struct bench_finding *findings, unsigned count)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < count; i++)
		json_array_append_new(array, json_pack("{s:b, s:s}", "wrong", findings[i].wrong,
						       "text", findings[i].text));
	return array;
}

json_t *bench_soak_json(const struct bench_soak *soak, const struct bench_options *options,
			const struct bench_finding *findings, unsigned count, json_t *manifest)
{
	return json_pack("{s:i, s:s, s:b, s:s, s:O, s:o, s:o, s:o, s:o, s:I, s:I, s:I, "
			 "s:{s:f, s:f, s:f, s:f, s:f}}",
			 "tlsring_soak", 1, "verdict",
			 print_wrong(findings, count) ? "fail" : "pass",
			 "stopped", soak->stopped, "mode", soak->mode->name, "manifest", manifest,
			 "options", bench_json_options(options),
			 "findings", print_json_findings(findings, count),
			 "counters", print_json_counters(soak),
			 "looks", print_json_looks(soak), "requests", (json_int_t)soak->requests,
			 "connections", (json_int_t)soak->connections,
			 "key_updates", (json_int_t)soak->updates, "latency",
			 "p50_us", print_percentile(soak, 50), "p90_us", print_percentile(soak, 90),
			 "p99_us", print_percentile(soak, 99),
			 "p99.9_us", print_percentile(soak, 99.9),
			 "p99.99_us", print_percentile(soak, 99.99));
}
