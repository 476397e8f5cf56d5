// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include "tools/bench/modes.h"
#include "tools/bench/report/significance.h"
#include "tools/bench/report/stats.h"
#include "tools/bench/result.h"

struct ties_rank {
	const struct bench_result *result;
	struct bench_summary by;
};

static int ties_by(const void *a, const void *b)
{
	const struct ties_rank *x = a, *y = b;

	return (x->by.median > y->by.median) - (x->by.median < y->by.median);
}

static unsigned ties_among(struct bench_tie *out, const struct bench_outcome *o,
			   enum bench_measure measure)
{
	struct ties_rank ranks[BENCH_MODES];
	unsigned count = 0, ties = 0;

	for (unsigned i = 0; i < BENCH_MODES; i++) {
		if (!o->results[i].runs || bench_mode_measure(o->results[i].mode) != measure)
			continue;
		ranks[count].result = &o->results[i];
		bench_stats_of(&ranks[count++].by, &o->results[i], measure);
	}
	qsort(ranks, count, sizeof(*ranks), ties_by);
	for (unsigned i = 1; i < count; i++) {
		/* A single round has no noise to compare with. */
		if (ranks[i].by.count < 2 || ranks[i - 1].by.count < 2 ||
		    bench_stats_apart(&ranks[i - 1].by, &ranks[i].by))
			continue;
		out[ties++] = (struct bench_tie){
			ranks[i - 1].result->mode->name, ranks[i].result->mode->name, measure,
			bench_stats_change(ranks[i - 1].by.median, ranks[i].by.median),
		};
	}
	return ties;
}

unsigned bench_significance_ties(struct bench_tie out[BENCH_MODES], const struct bench_outcome *o)
{
	unsigned count = ties_among(out, o, BENCH_CPU_GIB);

	count += ties_among(out + count, o, BENCH_CPU_HANDSHAKE);
	return count + ties_among(out + count, o, BENCH_MEMORY);
}
