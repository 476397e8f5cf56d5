// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdio.h>
#include "tools/bench/modes.h"
#include "tools/bench/options.h"
#include "tools/bench/report/csv.h"
#include "tools/bench/report/stats.h"
#include "tools/bench/result.h"

#define CSV_TAIL	160	/* bytes of the columns that are the same in every row */

/* TLS, load and noise: the end of every row. */
static void csv_tail(char buf[CSV_TAIL], const struct bench_outcome *o)
{
	const struct bench_options *options = o->options;
	double others, steal;
	int len = snprintf(buf, CSV_TAIL, "%s,%s,%" PRIu64 ",%u,%u,%u,",
			   bench_versions[options->tls],
			   bench_ciphers[options->cipher], options->size, options->connections,
			   options->threads, options->rate);

	if (bench_noise_between(&others, &steal, &o->from, &o->to))
		snprintf(buf + len, CSV_TAIL - (size_t)len, "%.2f,%.2f", others, steal);
	else
		snprintf(buf + len, CSV_TAIL - (size_t)len, ",");
}

static void csv_path(const struct bench_result *r)
{
	const struct bench_card *card = &r->path.card;

	printf("%s,%" PRIu64, r->path.doubt ? "no" : "yes", card->retransmitted);
	for (unsigned i = 0; i < BENCH_CARD_EVENTS; i++)
		printf(",%" PRIu64, card->events[i]);
}

static void csv_row(const struct bench_outcome *o, const struct bench_result *r,
		    enum bench_measure m, const struct bench_summary *s, const char *tail)
{
	printf("%s,%s,%.6g,%.6g,%.6g,%.6g,%zu,%.2f,%.2f,%.2f,%s,%s,", r->mode->name,
	       bench_measures[m], s->median, s->min, s->max, s->mad, s->count,
	       bench_result_share(&r->path, BENCH_NIC), bench_result_share(&r->path, BENCH_KERNEL),
	       bench_result_share(&r->path, BENCH_USER), r->astray ? "no" : "yes",
	       bench_directions[o->options->direction]);
	if (o->options->cache == BENCH_COLD)
		printf("%.2f", bench_result_from_disk(r));
	putchar(',');
	csv_path(r);
	printf(",%" PRIu64 ",%s\n", r->samples, tail);
}

static void csv_result(const struct bench_outcome *o, const struct bench_result *r,
		       const char *tail)
{
	for (unsigned m = 0; m < BENCH_MEASURES && r->runs; m++) {
		struct bench_summary s;

		bench_stats_of(&s, r, m);
		if (bench_result_has(r, m))
			csv_row(o, r, m, &s, tail);
	}
	if (!r->runs)
		printf("%s,%s,,,,,0,,,,,%s,,,,,,,,0,%s\n", r->mode->name,
		       r->why || r->lack ? "not possible" : "not measured",
		       bench_directions[o->options->direction], tail);
}

void bench_csv_print(const struct bench_outcome *o)
{
	char tail[CSV_TAIL];

	printf("mode,measure,median,min,max,mad,runs,sealed_by_nic,sealed_by_kernel,sealed_by_user,"
	       "as_asked,direction,from_disk,proven,retransmitted_bytes");
	for (unsigned i = 0; i < BENCH_CARD_EVENTS; i++)
		printf(",%s", bench_card_events[i]);
	puts(",samples,tls,cipher,size,connections,threads,rate,others_percent,steal_percent");
	csv_tail(tail, o);
	for (unsigned i = 0; i < BENCH_MODES; i++)
		if (o->results[i].mode)
			csv_result(o, &o->results[i], tail);
}
