// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <jansson.h>
#include "tools/bench/machine/manifest.h"
#include "tools/bench/modes.h"
#include "tools/bench/report/chart.h"
#include "tools/bench/report/json.h"
#include "tools/bench/rounds.h"
#include "tools/bench/sweep/html.h"
#include "tools/bench/sweep/plan.h"
#include "tools/bench/sweep/sweep.h"
#include "tools/bench/sweep/table.h"
#include "tools/common/log.h"
#include "tools/tools.h"

#define SWEEP_WHAT	96	/* bytes of a point's name */

struct sweep {
	const struct bench_options *options;
	const volatile sig_atomic_t *interrupted;
	struct bench_plan plan;
	json_t *all;			/* owned: the result so far */
	json_t *points;			/* borrowed: in all */
	bool wrong;			/* a mode failed, or its path was wrong */
};

/* ---- the result ---- */

static json_t *sweep_at(const struct bench_plan *plan, unsigned point)
{
	json_t *at = json_object();

	for (unsigned i = 0; i < plan->count; i++)
		json_object_set_new(at, plan->dimensions[i].name,
				    json_string(bench_plan_value(plan, point, i)));
	return at;
}

static json_t *sweep_dimensions(const struct bench_plan *plan)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < plan->count; i++) {
		const struct bench_dimension *d = &plan->dimensions[i];
		json_t *values = json_array();

		for (unsigned k = 0; k < d->count; k++)
			json_array_append_new(values, json_string(d->values[k]));
		json_array_append_new(array, json_pack("{s:s, s:o}", "name", d->name, "values", values));
	}
	return array;
}

static json_t *sweep_new(const struct sweep *s)
{
	json_t *modes = json_array();

	for (unsigned i = 0; i < BENCH_MODES; i++)
		if (s->options->modes[i])
			json_array_append_new(modes, json_string(bench_modes[i].name));
	return json_pack("{s:i, s:o, s:o, s:o, s:o, s:[]}", "tlsring_sweep", 1,
			 "manifest", bench_manifest(bench_options_manifest(s->options)),
			 "options", bench_json_options(s->options), "modes", modes,
			 "dimensions", sweep_dimensions(&s->plan), "points");
}

/* The point has been measured. */
static bool sweep_has(const struct sweep *s, const json_t *at)
{
	size_t index;
	json_t *point;

	json_array_foreach(s->points, index, point)
		if (json_equal(json_object_get(point, "at"), at))
			return true;
	return false;
}

/* ---- the file of --save ---- */

static bool sweep_same(const json_t *a, const json_t *b)
{
	static const char *const keys[] = { "tlsring_sweep", "options", "modes", "dimensions" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!json_equal(json_object_get(a, keys[i]), json_object_get(b, keys[i])))
			return false;
	return true;
}

/* Go on with a sweep that was interrupted. An exit status. */
static int sweep_resume(struct sweep *s)
{
	const char *path = s->options->save;
	json_t *old;

	if (!path || access(path, F_OK))
		return 0;
	old = json_load_file(path, 0, NULL);
	if (!sweep_same(old, s->all)) {
		log_line("--save %s: this file is not of the same sweep; give another name, or "
			 "remove it",
			 path);
		json_decref(old);
		return TOOLS_FAILED;
	}
	json_decref(s->all);
	s->all = old;
	s->points = json_object_get(old, "points");
	return 0;
}

/* A new file takes the place of the old one, so that there is a whole one at any time. */
static int sweep_save(const struct sweep *s)
{
	char *path;
	int ret;

	if (!s->options->save)
		return 0;
	if (asprintf(&path, "%s.new", s->options->save) < 0)
		return TOOLS_FAILED;
	ret = json_dump_file(s->all, path, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) ||
	      rename(path, s->options->save);
	if (ret)
		log_line("--save %s: %s", s->options->save, strerror(errno));
	free(path);
	return ret ? TOOLS_FAILED : 0;
}

/* ---- measuring ---- */

static json_t *sweep_result(const struct bench_rounds *r)
{
	json_t *manifest = json_object();
	const struct bench_outcome outcome = {
		.options = r->options, .manifest = manifest, .results = r->results,
		.repeats = r->rounds, .from = r->from, .to = r->to,
	};
	json_t *result = bench_json(&outcome);

	json_object_del(result, "manifest");
	json_decref(manifest);
	return result;
}

static void sweep_name(const struct sweep *s, unsigned point, char buf[SWEEP_WHAT])
{
	size_t len = (size_t)snprintf(buf, SWEEP_WHAT, "%u/%u", point + 1, s->plan.points);

	for (unsigned i = 0; i < s->plan.count && len < SWEEP_WHAT; i++)
		len += (size_t)snprintf(buf + len, SWEEP_WHAT - len, " %s",
					bench_plan_value(&s->plan, point, i));
}

static void sweep_judge(struct sweep *s, const struct bench_rounds *r)
{
	for (unsigned i = 0; i < BENCH_MODES; i++)
		s->wrong |= r->results[i].astray || r->results[i].error;
}

/* Takes over at. An exit status; -EINTR: interrupted, and the point is left out. */
static int sweep_point(struct sweep *s, unsigned point, json_t *at)
{
	struct bench_rounds *r = malloc(sizeof(*r));
	struct bench_options options;
	char what[SWEEP_WHAT];
	int ret = r ? bench_plan_options(&s->plan, point, s->options, &options) : TOOLS_FAILED;

	if (ret)
		goto out;
	ret = bench_rounds_open(r, &options, s->interrupted);
	sweep_name(s, point, what);
	r->what = what;
	if (!ret) {
		bench_rounds_run(r);
		ret = r->interrupted ? -EINTR : 0;
	}
	if (!ret) {
		sweep_judge(s, r);
		json_array_append_new(s->points, json_pack("{s:O, s:o}", "at", at, "result",
							   sweep_result(r)));
	}
	bench_rounds_free(r);
out:
	free(r);
	json_decref(at);
	return ret;
}

static int sweep_run(struct sweep *s)
{
	int ret = 0;

	for (unsigned i = 0; i < s->plan.points && !ret; i++) {
		json_t *at = sweep_at(&s->plan, i);

		if (sweep_has(s, at)) {
			json_decref(at);
			continue;
		}
		ret = sweep_point(s, i, at);
		if (!ret)
			ret = sweep_save(s);
	}
	return ret;
}

/* ---- the whole ---- */

static int sweep_html(const struct sweep *s)
{
	FILE *out = fopen(s->options->html, "we");
	int ret = out ? bench_sweep_html(out, s->all) : -errno;

	if (out && (fflush(out) || ferror(out)) && !ret)
		ret = -EIO;
	if (out)
		fclose(out);
	if (ret)
		log_line("--html %s: %s", s->options->html,
			 ret == -EPROTO ? "gnuplot did not draw the charts" : strerror(-ret));
	return ret ? TOOLS_FAILED : 0;
}

static int sweep_output(const struct sweep *s)
{
	int ret = 0;

	if (s->options->format == BENCH_JSON)
		ret = bench_json_print(s->all);
	else
		bench_sweep_table(s->all);
	if (ret || fflush(stdout) || ferror(stdout)) {
		log_line("cannot write the results");
		return TOOLS_FAILED;
	}
	return s->options->html ? sweep_html(s) : 0;
}

int bench_sweep(const struct bench_options *options, const volatile sig_atomic_t *interrupted)
{
	struct sweep s = { .options = options, .interrupted = interrupted };
	int ret = bench_plan_open(&s.plan, options), written;

	if (ret)
		return ret;
	if (options->html && bench_chart_probe()) {
		log_line("--html: " BENCH_CHART_MISSING);
		return TOOLS_FAILED;
	}
	s.all = sweep_new(&s);
	s.points = json_object_get(s.all, "points");
	ret = sweep_resume(&s);
	if (!ret)
		ret = sweep_run(&s);
	if (ret && ret != -EINTR) {
		json_decref(s.all);
		return ret;
	}
	written = sweep_output(&s);
	if (ret)
		log_line("interrupted after %zu of %u points%s", json_array_size(s.points),
			 s.plan.points, options->save ? "; the same command goes on" : "");
	if (s.wrong)
		log_line("a mode failed, or took the WRONG PATH: see the points");
	json_decref(s.all);
	return ret || written || s.wrong ? TOOLS_FAILED : 0;
}
