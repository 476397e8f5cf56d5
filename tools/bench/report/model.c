// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>
#include <jansson.h>
#include "tools/bench/options.h"
#include "tools/bench/report/model.h"
#include "tools/bench/report/stats.h"
#include "tools/bench/result.h"

static double model_median(const struct bench_outcome *o, const char *name)
{
	struct bench_summary s;

	for (unsigned i = 0; i < BENCH_MODES; i++) {
		if (!o->results[i].runs || strcmp(o->results[i].mode->name, name))
			continue;
		bench_stats_of(&s, &o->results[i], BENCH_CPU_GIB);
		return s.median;
	}
	return 0;
}

bool bench_model(struct bench_model *out, const struct bench_outcome *o)
{
	const json_t *passes = json_object_get(o->manifest, "passes");
	char key[32];

	snprintf(key, sizeof(key), "%s_s_per_gib", bench_ciphers[o->options->cipher]);
	return bench_cost_model(out, model_median(o, "plain"), model_median(o, "kernel-sendfile"),
			   json_number_value(json_object_get(passes, key)),
			   json_number_value(json_object_get(passes, "copy_s_per_gib")));
}
