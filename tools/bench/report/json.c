// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>
#include <jansson.h>
#include "tools/bench/modes.h"
#include "tools/bench/options.h"
#include "tools/bench/report/json.h"
#include "tools/bench/report/model.h"
#include "tools/bench/report/significance.h"
#include "tools/bench/report/stats.h"
#include "tools/bench/report/verdict.h"
#include "tools/bench/result.h"

const char *bench_json_string(const json_t *all, const char *outer, const char *inner)
{
	const json_t *value = json_object_get(all, outer);
	const char *text = json_string_value(inner ? json_object_get(value, inner) : value);

	return text ? text : "?";
}

enum bench_direction bench_json_direction(const json_t *all)
{
	const char *text = bench_json_string(all, "options", "direction");
	unsigned i = 0;

	/* Files of versions without --direction are about sending. */
	while (bench_directions[i] && strcmp(bench_directions[i], text))
		i++;
	return bench_directions[i] ? (enum bench_direction)i : BENCH_SEND;
}

json_t *bench_json_options(const struct bench_options *o)
{
	return json_pack("{s:s, s:s, s:s, s:f, s:f, s:s, s:s, s:I, s:i, s:i, s:i, s:i, "
			 "s:f, s:i, s:s, s:i, s:f, s:s}", "preset", o->preset,
			 "direction", bench_directions[o->direction],
			 "via",
			 o->connect ? o->connect : bench_options_bad_net(o) ? "veth" : "loopback",
			 "loss_percent", o->loss, "delay_ms", o->delay,
			 "tls", bench_versions[o->tls], "cipher", bench_ciphers[o->cipher],
			 "size", (json_int_t)o->size, "connections", (int)o->connections,
			 "threads", (int)o->threads, "client_threads", (int)o->client_threads,
			 "repeats", (int)o->repeats, "seconds", o->requests ? 0.0 : o->seconds,
			 "requests", (int)o->requests, "load", o->rate ? "open" : "closed",
			 "rate", (int)o->rate,
			 "duration", o->duration, "cache", bench_caches[o->cache]);
}

static json_t *json_measures(const struct bench_result *r)
{
	json_t *object = json_object();

	for (unsigned m = 0; m < BENCH_MEASURES; m++) {
		json_t *values;
		struct bench_summary s;

		if (!bench_result_has(r, m))
			continue;
		values = json_array();
		bench_stats_of(&s, r, m);
		for (unsigned i = 0; i < r->runs; i++)
			json_array_append_new(values, json_real(r->values[m][i]));
		json_object_set_new(object, bench_measures[m],
				    json_pack("{s:f, s:f, s:f, s:f, s:o}", "median", s.median,
					      "min", s.min,
					      "max", s.max, "mad", s.mad, "values", values));
	}
	return object;
}

static json_t *json_card(const struct bench_card *c)
{
	json_t *object = json_pack("{s:I, s:I, s:I, s:I}", "carried_bytes", (json_int_t)c->carried,
				   "done_bytes", (json_int_t)c->done,
				   "foreign_bytes", (json_int_t)c->foreign,
				   "retransmitted_bytes", (json_int_t)c->retransmitted);

	for (unsigned i = 0; i < BENCH_CARD_EVENTS; i++)
		json_object_set_new(object, bench_card_events[i],
				    json_integer((json_int_t)c->events[i]));
	return object;
}

static json_t *json_path(const struct bench_result *r)
{
	json_t *object = json_pack("{s:s, s:b, s:i, s:s, s:b, s:s*, s:o}",
				   "asked", bench_seals[r->mode->seal],
				   "as_asked", !r->astray, "runs_astray", (int)r->astray,
				   "proof", r->path.counted ? "installs" : "sockets",
				   "proven", !r->path.doubt,
				   "doubt", bench_result_doubt(r->path.doubt),
				   "card", json_card(&r->path.card));

	for (unsigned i = 0; i < BENCH_SEALS; i++)
		json_object_set_new(object, bench_seals[i],
				    json_real(bench_result_share(&r->path, i)));
	return object;
}

/* Of all rounds together; percentiles with too few samples are left out. */
static json_t *json_latency(const struct bench_result *r, const struct hdr_histogram *histogram)
{
	json_t *object = json_pack("{s:I}", "samples", (json_int_t)r->samples);
	char key[32];

	for (unsigned i = 0; i < BENCH_PERCENTILES; i++) {
		snprintf(key, sizeof(key), "p%g_us", bench_percentiles[i]);
		if (bench_result_enough(r, bench_percentiles[i], 1))
			json_object_set_new(object, key,
					    json_real(bench_result_latency(histogram,
									   bench_percentiles[i])));
	}
	json_object_set_new(object, "max_us", json_real(bench_result_latency(histogram, 100)));
	return object;
}

/* Points of the distribution, as [microseconds, percent]. */
static json_t *json_cdf(const struct bench_result *r)
{
	static const double percents[] = {
		0, 1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 85, 90, 92, 94, 96, 98, 99, 99.5, 99.9,
		99.95, 99.99,
	};
	json_t *array = json_array();

	for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++)
		if (bench_result_enough(r, percents[i], 1))
			json_array_append_new(array,
					      json_pack("[f, f]", bench_result_latency(r->latency, percents[i]),
							percents[i]));
	json_array_append_new(array, json_pack("[f, i]", bench_result_latency(r->latency, 100), 100));
	return array;
}

static json_t *json_limit(const struct bench_result *r, const struct bench_options *options)
{
	return json_pack("{s:s, s:f, s:f}",
			 "by", bench_limits[bench_result_limit(r, options)],
			 "server_busy_percent", 100 * r->busy.server / r->busy.seconds,
			 "client_busy_percent", 100 * r->busy.client / r->busy.seconds);
}

static json_t *json_mode(const struct bench_result *r, const struct bench_options *options)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:b, s:i}", "name", r->mode->name, "text",
				   bench_mode_text(r->mode, options->direction),
				   "seal", bench_seals[r->mode->seal],
				   "possible", !r->why && !r->lack, "runs", (int)r->runs);
	struct bench_why why;
	char text[160];

	if (r->runs) {
		json_object_set_new(object, "runs_behind", json_integer(r->behind));
		json_object_set_new(object, "samples", json_integer((json_int_t)r->samples));
		json_object_set_new(object, "path", json_path(r));
		json_object_set_new(object, "measures", json_measures(r));
	}
	if (r->runs && bench_mode_has(r->mode, BENCH_P50)) {
		json_object_set_new(object, "latency", json_latency(r, r->latency));
		json_object_set_new(object, "latency_cdf", json_cdf(r));
		json_object_set_new(object, "limit", json_limit(r, options));
	}
	if (r->runs && bench_mode_new(r->mode))
		json_object_set_new(object, "handshake", json_latency(r, r->handshakes));
	if (r->runs && options->cache == BENCH_COLD)
		json_object_set_new(object, "disk", json_pack("{s:f, s:b, s:i}",
							      "percent", bench_result_from_disk(r),
							      "cold",
							      !r->warm, "runs_warm", (int)r->warm));
	if (bench_result_why(&why, r)) {
		json_object_set_new(object, "reason", json_string(why.name));
		json_object_set_new(object, "why", json_string(why.text));
		json_object_set_new(object, "remedy", json_string(why.remedy));
	}
	if (r->error)
		json_object_set_new(
			object, "error",
			json_string(bench_result_error_text(r->error, text, sizeof(text))));
	return object;
}

static json_t *json_ties(const struct bench_outcome *o)
{
	struct bench_tie ties[BENCH_MODES];
	unsigned count = bench_significance_ties(ties, o);
	json_t *array = json_array();

	for (unsigned i = 0; i < count; i++)
		json_array_append_new(array, json_pack("{s:s, s:s, s:s, s:f}",
						       "less", ties[i].less, "more",
						       ties[i].more,
						       "measure", bench_measures[ties[i].measure],
						       "percent", ties[i].percent));
	return array;
}

static json_t *json_model(const struct bench_outcome *o)
{
	struct bench_model m;

	if (!bench_model(&m, o))
		return NULL;
	return json_pack("{s:f, s:f, s:f, s:f}", "kernel_cpu_s_per_gib", m.kernel,
			 "least_cpu_s_per_gib", m.least,
			 "most_cpu_s_per_gib", m.most, "copy_cpu_s_per_gib", m.copy);
}

static json_t *json_noise(const struct bench_outcome *o)
{
	double others, steal;

	if (!bench_noise_between(&others, &steal, &o->from, &o->to))
		return NULL;
	return json_pack("{s:f, s:f}", "others_percent", others, "steal_percent", steal);
}

static json_t *json_verdict(const struct bench_outcome *o)
{
	char verdict[BENCH_VERDICTS][BENCH_VERDICT_TEXT];
	unsigned count = bench_verdict(verdict, o);
	json_t *array = json_array();

	for (unsigned i = 0; i < count; i++)
		json_array_append_new(array, json_string(verdict[i]));
	return array;
}

json_t *bench_json(const struct bench_outcome *o)
{
	json_t *modes = json_array();

	for (unsigned i = 0; i < BENCH_MODES; i++)
		if (o->results[i].mode)
			json_array_append_new(modes, json_mode(&o->results[i], o->options));
	return json_pack("{s:i, s:o, s:O, s:O*, s:o, s:i, s:o, s:o, s:o*, s:o*}",
			 "tlsring_bench", 1, "verdict", json_verdict(o),
			 "manifest", o->manifest,
			 "client", o->client, "options", bench_json_options(o->options),
			 "rounds", (int)o->repeats, "modes", modes,
			 "doubts", json_ties(o), "card", json_model(o),
			 "noise", json_noise(o));
}

int bench_json_print(const json_t *all)
{
	int ret = json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));

	putchar('\n');
	return ret;
}
