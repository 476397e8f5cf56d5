// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>
#include "tools/bench/sweep/plan.h"
#include "tools/common/log.h"
#include "tools/tools.h"

/* What may be varied. */
static bool plan_known(const char *name)
{
	static const char *const names[] = {
		"size", "connections", "threads", "client-threads", "tls", "cipher", "rate",
		"direction",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

/* Cut "NAME=VALUE,VALUE". False: it has another form, or too many values. */
static bool plan_cut(struct bench_dimension *d)
{
	char *rest = NULL, *list = strchr(d->text, '=');

	if (!list)
		return false;
	*list++ = '\0';
	d->name = d->text;
	for (char *value = strtok_r(list, ",", &rest); value; value = strtok_r(NULL, ",", &rest)) {
		if (d->count == BENCH_PLAN_VALUES)
			return false;
		d->values[d->count++] = value;
	}
	return d->count && plan_known(d->name);
}

static int plan_dimension(struct bench_plan *plan, const char *text)
{
	struct bench_dimension *d = &plan->dimensions[plan->count++];
	int len = snprintf(d->text, sizeof(d->text), "%s", text);

	if (len < (int)sizeof(d->text) && plan_cut(d))
		return 0;
	log_line(
		"--sweep %s: give NAME=VALUE,VALUE..., up to %u values; NAME is size, connections, "
		"threads, client-threads, tls, cipher, rate or direction",
		text, BENCH_PLAN_VALUES);
	return TOOLS_USAGE;
}

const char *bench_plan_value(const struct bench_plan *plan, unsigned point, unsigned dimension)
{
	for (unsigned i = plan->count - 1; i > dimension; i--)
		point /= plan->dimensions[i].count;
	return plan->dimensions[dimension].values[point % plan->dimensions[dimension].count];
}

int bench_plan_options(const struct bench_plan *plan, unsigned point,
		       const struct bench_options *base, struct bench_options *out)
{
	int ret = 0;

	*out = *base;
	for (unsigned i = 0; i < plan->count && !ret; i++)
		ret = bench_options_set(out, plan->dimensions[i].name,
					bench_plan_value(plan, point, i));
	return ret ? ret : bench_options_check(out);
}

int bench_plan_open(struct bench_plan *plan, const struct bench_options *options)
{
	struct bench_options at;
	int ret = 0;

	*plan = (struct bench_plan){ .points = 1 };
	for (unsigned i = 0; i < options->sweeps && !ret; i++) {
		ret = plan_dimension(plan, options->sweep[i]);
		plan->points *= ret ? 1 : plan->dimensions[i].count;
	}
	if (!ret && plan->points > BENCH_PLAN_POINTS) {
		log_line("--sweep: these are %u points; %u are the most", plan->points,
			 BENCH_PLAN_POINTS);
		return TOOLS_USAGE;
	}
	for (unsigned i = 0; i < plan->points && !ret; i++)
		ret = bench_plan_options(plan, i, options, &at);
	return ret;
}
