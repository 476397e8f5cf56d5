// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>
#include <jansson.h>
#include "tools/bench/options.h"
#include "tools/bench/report/model.h"
#include "tools/bench/report/stats.h"
#include "tools/bench/result.h"

static void model_summary(struct bench_summary *out, const struct bench_outcome *o,
			  const char *name)
{
	*out = (struct bench_summary){ 0 };
	for (unsigned i = 0; i < BENCH_MODES; i++)
		if (o->results[i].runs && !strcmp(o->results[i].mode->name, name))
			bench_stats_of(out, &o->results[i], BENCH_CPU_GIB);
}

static bool model_measured(const struct bench_outcome *o)
{
	for (unsigned i = 0; i < BENCH_MODES; i++)
		if (o->results[i].runs && o->results[i].mode->seal == BENCH_NIC)
			return true;
	return false;
}

bool bench_model(struct bench_model *out, const struct bench_outcome *o)
{
	const json_t *passes = json_object_get(o->manifest, "passes");
	struct bench_summary plain, kernel;
	char key[32];

	model_summary(&plain, o, "plain");
	model_summary(&kernel, o, "kernel-sendfile");
	/* A real card says more, and a difference that may be noise says nothing. */
	if (model_measured(o) || !bench_stats_apart(&plain, &kernel))
		return false;
	snprintf(key, sizeof(key), "%s_s_per_gib", bench_ciphers[o->options->cipher]);
	return bench_cost_model(out, plain.median, kernel.median,
				json_number_value(json_object_get(passes, key)),
				json_number_value(json_object_get(passes, "copy_s_per_gib")));
}
