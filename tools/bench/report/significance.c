// SPDX-License-Identifier: MIT
/* What every form of output says of the runs of a mode, and of modes beside each other. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>
#include "tools/bench/types.h"

void bench_summarise(struct bench_summary *out, const struct bench_result *result, enum bench_measure measure)
{
	bench_stats_summarise(out, result->values[measure], result->runs);
}

double bench_share(const struct bench_path *path, enum bench_seal seal)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < BENCH_SEALS; i++)
		all += path->bytes[i];
	return all ? 100.0 * (double)path->bytes[seal] / (double)all : 0;
}

int bench_digits(double value)
{
	int digits = value > 0 ? 2 - (int)floor(log10(value)) : 0;

	return digits < 0 ? 0 : digits > 6 ? 6 : digits;
}

static double doubts_median(const struct bench_outcome *o, const char *name)
{
	struct bench_summary s;

	for (unsigned i = 0; i < BENCH_MODES; i++) {
		if (!o->results[i].runs || strcmp(o->results[i].mode->name, name))
			continue;
		bench_summarise(&s, &o->results[i], BENCH_CPU_GIB);
		return s.median;
	}
	return 0;
}

bool bench_outcome_model(struct bench_model *out, const struct bench_outcome *o)
{
	const json_t *passes = json_object_get(o->manifest, "passes");
	char key[32];

	snprintf(key, sizeof(key), "%s_s_per_gib", bench_ciphers[o->options->cipher]);
	return bench_model(out, doubts_median(o, "plain"), doubts_median(o, "kernel-sendfile"),
			   json_number_value(json_object_get(passes, key)),
			   json_number_value(json_object_get(passes, "copy_s_per_gib")));
}

struct doubts_rank {
	const struct bench_result *result;
	struct bench_summary by;
};

static int doubts_by(const void *a, const void *b)
{
	const struct doubts_rank *x = a, *y = b;

	return (x->by.median > y->by.median) - (x->by.median < y->by.median);
}

static unsigned doubts_among(struct bench_doubt *out, const struct bench_outcome *o, enum bench_measure measure)
{
	struct doubts_rank ranks[BENCH_MODES];
	unsigned count = 0, doubts = 0;

	for (unsigned i = 0; i < BENCH_MODES; i++) {
		if (!o->results[i].runs || bench_mode_measure(o->results[i].mode) != measure)
			continue;
		ranks[count].result = &o->results[i];
		bench_summarise(&ranks[count++].by, &o->results[i], measure);
	}
	qsort(ranks, count, sizeof(*ranks), doubts_by);
	for (unsigned i = 1; i < count; i++) {
		if (bench_stats_apart(&ranks[i - 1].by, &ranks[i].by))
			continue;
		out[doubts++] = (struct bench_doubt){
			ranks[i - 1].result->mode->name, ranks[i].result->mode->name, measure,
			bench_stats_change(ranks[i - 1].by.median, ranks[i].by.median),
		};
	}
	return doubts;
}

unsigned bench_doubts(struct bench_doubt out[BENCH_MODES], const struct bench_outcome *o)
{
	unsigned count = doubts_among(out, o, BENCH_CPU_GIB);

	count += doubts_among(out + count, o, BENCH_CPU_SHAKE);
	return count + doubts_among(out + count, o, BENCH_MEMORY);
}
