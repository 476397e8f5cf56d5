// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdio.h>
#include <jansson.h>
#include "tools/bench/modes.h"
#include "tools/bench/options.h"
#include "tools/bench/report/json.h"
#include "tools/bench/report/model.h"
#include "tools/bench/report/significance.h"
#include "tools/bench/report/stats.h"
#include "tools/bench/report/table.h"
#include "tools/bench/report/verdict.h"
#include "tools/bench/result.h"

/* ---- the head ---- */

void bench_table_via(FILE *out, const struct bench_options *options)
{
	if (bench_options_bad_net(options))
		fprintf(out, "over veth, %g %% of packets lost, %g ms late", options->loss,
			options->delay);
	else
		fprintf(out, "%s%s", options->connect ? "to " : "over ",
			options->connect ? options->connect : "loopback");
}

/* Idle connections have no load. */
static void table_load(const struct bench_outcome *o)
{
	bool load = false;

	for (unsigned i = 0; i < BENCH_MODES; i++)
		load |= o->results[i].mode && o->results[i].mode->lifetime != BENCH_IDLE;
	if (load && o->options->rate)
		printf("Open load: %u requests/s, the latency of each from when it was due.\n",
		       o->options->rate);
	else if (load)
		puts("Closed load: each connection asks again as soon as it has its answer.");
	putchar('\n');
}

static void table_head(const struct bench_outcome *o)
{
	const struct bench_options *options = o->options;

	printf("Linux %s, %s; %s; tlsring %s on %s\n",
	       bench_json_string(o->manifest, "kernel", "release"),
	       bench_json_string(o->manifest, "processor", "model"),
	       bench_json_string(o->manifest, "openssl", NULL),
	       bench_json_string(o->manifest, "tlsring", NULL),
	       bench_json_string(o->manifest, "engine", NULL));
	printf("TLS %s, %s, %s of %llu bytes on %u connections ", bench_versions[options->tls],
	       bench_ciphers[options->cipher], bench_messages[options->direction],
	       (unsigned long long)options->size, options->connections);
	bench_table_via(stdout, options);
	if (options->cache == BENCH_COLD)
		printf(", from a disk each time");
	if (options->threads > 1)
		printf("; %u threads serve", options->threads);
	if (options->client_threads > 1)
		printf("; %u client threads", options->client_threads);
	printf("; median of %u rounds\n", o->repeats);
	table_load(o);
}

static void table_verdict(const struct bench_outcome *o)
{
	char verdict[BENCH_VERDICTS][BENCH_VERDICT_TEXT];
	unsigned count = bench_verdict(verdict, o);

	for (unsigned i = 0; i < count; i++)
		puts(verdict[i]);
	if (count)
		putchar('\n');
}

/* ---- the table ---- */

#define TABLE_SPREAD	16

/* The range of the rounds in percent of their median; a single round has none. */
static const char *table_spread(const struct bench_summary *s, char buf[TABLE_SPREAD])
{
	if (s->count > 1 && s->median != 0)
		snprintf(buf, TABLE_SPREAD, "%.1f%%", 100 * (s->max - s->min) / s->median);
	else
		snprintf(buf, TABLE_SPREAD, "-");
	return buf;
}

static void table_row(const struct bench_result *r, bool cold)
{
	struct bench_summary s[BENCH_MEASURES];
	char spread[TABLE_SPREAD];

	for (unsigned i = 0; i < BENCH_MEASURES; i++)
		bench_stats_of(&s[i], r, i);
	if (r->mode->lifetime == BENCH_IDLE)
		printf("%-20s %16.0f %6s   ", r->mode->name, s[BENCH_MEMORY].median,
		       table_spread(&s[BENCH_MEMORY], spread));
	else if (!bench_mode_new(r->mode))
		printf("%-20s %8.2f %11.0f %9.3f %6s %10.1f   ", r->mode->name,
		       s[BENCH_GBITS].median, s[BENCH_REQUESTS].median, s[BENCH_CPU_GIB].median,
		       table_spread(&s[BENCH_CPU_GIB], spread), s[BENCH_CPU_REQUEST].median);
	else
		printf("%-20s %12.0f %15.1f %6s %13.0f %13.0f   ", r->mode->name,
		       s[BENCH_HANDSHAKES].median, s[BENCH_CPU_HANDSHAKE].median,
		       table_spread(&s[BENCH_CPU_HANDSHAKE], spread), s[BENCH_HANDSHAKE_P50].median,
		       s[BENCH_HANDSHAKE_P99].median);
	for (unsigned i = 0; i < BENCH_SEALS; i++) {
		double share = bench_result_share(&r->path, i);

		if (r->path.bytes[i])
			printf(" %s %.*f %%", bench_seals[i], bench_result_share_digits(share),
			       share);
	}
	printf("%s%s%s", r->path.counted ? " (by installs)" : "",
	       r->astray ? "  <== WRONG PATH" : "", r->path.doubt ? "  <== NOT PROVEN" : "");
	if (cold)
		printf("; from disk %.0f %%%s", bench_result_from_disk(r),
		       r->warm ? "  <== NOT COLD" : "");
	putchar('\n');
}

/* An earlier mode of the same table with the same reason; NULL: none. */
static const struct bench_result *table_told(const struct bench_outcome *o,
					     const struct bench_result *r)
{
	for (const struct bench_result *former = o->results; former < r; former++)
		if (former->mode && former->why == r->why && former->lack == r->lack &&
		    (!r->lack || former->mode->program == r->mode->program) &&
		    bench_mode_measure(former->mode) == bench_mode_measure(r->mode))
			return former;
	return NULL;
}

static void table_impossible(const struct bench_outcome *o, const struct bench_result *r)
{
	const struct bench_result *told = table_told(o, r);
	struct bench_why why;
	char text[160];

	if (bench_result_why(&why, r) && told)
		printf("%-20s not possible, for the same reason as %s\n", r->mode->name,
		       told->mode->name);
	else if (bench_result_why(&why, r))
		printf("%-20s not possible: %s%s%s\n", r->mode->name, why.text,
		       *why.remedy ? "; " : "", why.remedy);
	else
		printf("%-20s failed: %s\n", r->mode->name,
		       bench_result_error_text(r->error, text, sizeof(text)));
}

static void table_columns(enum bench_measure measure, enum bench_direction direction)
{
	static const char *const done[] = { "SEALED BY", "OPENED BY", "SEALED AND OPENED BY" };

	if (measure == BENCH_MEMORY)
		printf("%-20s %16s %6s    %s\n", "MODE", "BYTES/CONNECTION", "+-", done[direction]);
	else if (measure == BENCH_CPU_GIB)
		printf("%-20s %8s %11s %9s %6s %10s    %s\n", "MODE", "Gb/s", "REQUESTS/s",
		       "CPU s/GiB", "+-", "CPU us/REQ", done[direction]);
	else
		printf("%-20s %12s %15s %6s %13s %13s    %s\n", "MODE", "HANDSHAKES/s",
		       "CPU us/HANDSH.", "+-", "HANDSH. p50", "HANDSH. p99", done[direction]);
}

/* One table for each measure that modes are compared by. */
static void table_table(const struct bench_outcome *o, enum bench_measure measure)
{
	unsigned rows = 0;

	for (unsigned i = 0; i < BENCH_MODES; i++) {
		const struct bench_result *r = &o->results[i];

		if (!r->mode || bench_mode_measure(r->mode) != measure)
			continue;
		if (!rows++)
			table_columns(measure, o->options->direction);
		if (r->runs)
			table_row(r, o->options->cache == BENCH_COLD);
		if (r->why || r->lack || r->error)
			table_impossible(o, r);
		else if (!r->runs)
			printf("%-20s not measured\n", r->mode->name);
	}
	if (rows)
		putchar('\n');
}

/* Of all rounds together, so that no slow one is hidden. */
static void table_latency(const struct bench_result *r)
{
	printf("%-20s %9" PRIu64, r->mode->name, r->samples);
	for (unsigned i = 0; i < BENCH_PERCENTILES; i++) {
		if (bench_result_enough(r, bench_percentiles[i], 1))
			printf(" %10.0f", bench_result_latency(r->latency, bench_percentiles[i]));
		else
			printf(" %10s", "-");
	}
	printf(" %10.0f\n", bench_result_latency(r->latency, 100));
}

static void table_latencies(const struct bench_outcome *o)
{
	unsigned rows = 0;

	for (unsigned i = 0; i < BENCH_MODES; i++) {
		const struct bench_result *r = &o->results[i];

		if (!r->runs || !bench_mode_has(r->mode, BENCH_P50))
			continue;
		if (!rows++)
			printf("%-20s %9s %10s %10s %10s %10s %10s %10s\n", "LATENCY us", "SAMPLES",
			       "p50", "p90", "p99", "p99.9", "p99.99", "max");
		table_latency(r);
	}
	if (rows)
		putchar('\n');
}

static void table_installs(const struct bench_outcome *o)
{
	struct bench_summary rate, p50, p99;
	unsigned rows = 0;

	for (unsigned i = 0; i < BENCH_MODES; i++) {
		const struct bench_result *r = &o->results[i];

		if (!r->runs || !bench_mode_has(r->mode, BENCH_INSTALLS))
			continue;
		if (!rows++)
			printf("%-20s %10s %10s %10s\n", "KEYS, ns", "INSTALLS/s", "p50", "p99");
		bench_stats_of(&rate, r, BENCH_INSTALLS);
		bench_stats_of(&p50, r, BENCH_INSTALL_P50);
		bench_stats_of(&p99, r, BENCH_INSTALL_P99);
		printf("%-20s %10.0f %10.0f %10.0f\n", r->mode->name, rate.median, p50.median,
		       p99.median);
	}
	if (rows)
		putchar('\n');
}

static void table_cards(const struct bench_outcome *o)
{
	unsigned rows = 0;

	for (unsigned i = 0; i < BENCH_MODES; i++) {
		const struct bench_result *r = &o->results[i];
		const struct bench_card *card = &r->path.card;

		if (!r->runs || !bench_result_has_card(&r->path))
			continue;
		if (!rows++)
			printf("%-20s %14s %14s %12s %12s %9s %9s %9s %9s\n", "CARD, bytes",
			       "CARRIED",
			       "DONE", "OTHERS'", "SENT AGAIN", "OUT OF O.", "RESYNCS", "DROPS",
			       "FALLBACKS");
		printf("%-20s %14" PRIu64 " %14" PRIu64 " %12" PRIu64 " %12" PRIu64, r->mode->name,
		       card->carried, card->done, card->foreign, card->retransmitted);
		for (unsigned e = 0; e < BENCH_CARD_EVENTS; e++)
			printf(" %9" PRIu64, card->events[e]);
		putchar('\n');
	}
	if (rows)
		putchar('\n');
}

/* Only if the processor has counters. */
static void table_counters(const struct bench_outcome *o)
{
	static const char *const heads[] = { "CYCLES/BYTE", "/REQUEST", "INSNS/BYTE", "/REQUEST",
					     "MEMORY/BYTE", "BYTES/s" };
	unsigned rows = 0;

	for (unsigned i = 0; i < BENCH_MODES; i++) {
		const struct bench_result *r = &o->results[i];
		struct bench_summary s;
		bool any = false;

		for (unsigned m = BENCH_CYCLES_BYTE; m < BENCH_MEASURES; m++)
			any |= r->runs && bench_result_has(r, m);
		if (!any)
			continue;
		if (!rows++)
			printf("%-20s %11s %11s %11s %11s %11s %11s\n", "COUNTED", heads[0],
			       heads[1], heads[2], heads[3], heads[4], heads[5]);
		printf("%-20s", r->mode->name);
		for (unsigned m = BENCH_CYCLES_BYTE; m < BENCH_MEASURES; m++) {
			bench_stats_of(&s, r, m);
			if (bench_result_has(r, m))
				printf(" %11.*f", bench_stats_digits(s.median), s.median);
			else
				printf(" %11s", "-");
		}
		putchar('\n');
	}
	if (rows)
		putchar('\n');
}

/* ---- what the table cannot tell ---- */

static void table_doubts(const struct bench_outcome *o)
{
	for (unsigned i = 0; i < BENCH_MODES; i++)
		if (o->results[i].path.doubt)
			printf("\nwarning: what the card did for %s is NOT PROVEN: %s\n",
			       o->results[i].mode->name,
			       bench_result_doubt(o->results[i].path.doubt));
}

/* Gb/s of a server that waits say little about it. */
static void table_limits(const struct bench_outcome *o)
{
	for (unsigned i = 0; i < BENCH_MODES && !o->options->rate; i++) {
		const struct bench_result *r = &o->results[i];
		enum bench_limit limit = bench_result_limit(r, o->options);

		if (!r->runs || r->mode->lifetime == BENCH_IDLE ||
		    (limit != BENCH_LIMIT_CLIENT && limit != BENCH_LIMIT_OTHER))
			continue;
		printf("%s was limited by %s: the server had %.0f %% of a processor, the client "
		       "%.0f %%.\n", r->mode->name, limit == BENCH_LIMIT_CLIENT ? "the client" :
		       "neither end, but by the link, a disk or other programs",
		       100 * r->busy.server / r->busy.seconds,
		       100 * r->busy.client / r->busy.seconds);
	}
}

static void table_behind(const struct bench_outcome *o)
{
	for (unsigned i = 0; i < BENCH_MODES; i++)
		if (o->results[i].behind)
			printf("\nwarning: %u requests/s are more than %s did in %u of %u rounds: "
			       "its latency grows as long as "
			       "a round lasts\n",
			       o->options->rate, o->results[i].mode->name, o->results[i].behind,
			       o->results[i].runs);
}

static void table_ties(const struct bench_outcome *o)
{
	struct bench_tie ties[BENCH_MODES];
	unsigned count = bench_significance_ties(ties, o);

	for (unsigned i = 0; i < count; i++)
		printf("%swarning: noise is larger than the difference of %s and %s in %s (%.1f "
		       "%%)\n",
		       i ? "" : "\n", ties[i].less, ties[i].more,
		       ties[i].measure == BENCH_MEMORY ? "memory" : "CPU time",
		       ties[i].percent);
	if (count)
		puts("more --repeats, longer --seconds or a quieter machine tell them apart");
	if (o->repeats == 1)
		puts("\na single round tells no difference from noise: take more --repeats");
}

static void table_noise(const struct bench_outcome *o)
{
	double others, steal;

	if (bench_noise_between(&others, &steal, &o->from, &o->to))
		printf("Other processes had %.0f %% of the processors' time%s", others,
		       steal < 0.5 ? ".\n" : "");
	if (bench_noise_between(&others, &steal, &o->from, &o->to) && steal >= 0.5)
		printf(", and %.0f %% went to other virtual machines.\n", steal);
}

static void table_model(const struct bench_outcome *o)
{
	struct bench_model m;

	if (!bench_model(&m, o))
		return;
	printf("\nA card that seals would leave %.3f to %.3f CPU s/GiB of kernel-sendfile's %.3f "
	       "(%.0f to %.0f %% less),\n"
	       "and %.3f more where it cannot send from the page cache itself; MODEL in "
	       "tlsring-bench(1) says why.\n",
	       m.least, m.most, m.kernel, bench_stats_change(m.kernel, m.most) * -1,
	       bench_stats_change(m.kernel, m.least) * -1, m.copy);
}

void bench_table_print(const struct bench_outcome *o)
{
	table_head(o);
	table_verdict(o);
	table_table(o, BENCH_CPU_GIB);
	table_table(o, BENCH_CPU_HANDSHAKE);
	table_table(o, BENCH_MEMORY);
	table_latencies(o);
	table_installs(o);
	table_counters(o);
	table_cards(o);
	puts("CPU, memory: of the server's process. +-: from the lowest to the highest of the "
	     "rounds, in these.");
	table_noise(o);
	table_limits(o);
	table_model(o);
	table_doubts(o);
	table_behind(o);
	table_ties(o);
}
