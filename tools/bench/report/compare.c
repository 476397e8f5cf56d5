// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>
#include "tools/bench/modes.h"
#include "tools/bench/report/compare.h"
#include "tools/bench/report/json.h"
#include "tools/bench/report/stats.h"
#include "tools/common/log.h"
#include "tools/tools.h"

struct compare {
	json_t *before, *after;		/* owned */
	json_t *differences, *warnings, *changes;	/* owned: arrays of what is printed */
	unsigned same, worse;		/* measures */
};

static json_t *compare_load(const char *path)
{
	json_error_t error;
	json_t *all = json_load_file(path, 0, &error);

	if (!all)
		log_line("%s: %s; give a file that `tlsring bench --json` has written", path,
			 error.text);
	else if (json_integer_value(json_object_get(all, "tlsring_bench")) != 1)
		log_line(
			"%s: this is not a result of `tlsring bench --json`, or of another version",
			path);
	else
		return all;
	json_decref(all);
	return NULL;
}

/* ---- were they measured alike? ---- */

/* Members that differ from one moment to the next. */
static bool compare_passing(const char *key)
{
	static const char *const passing[] = { "date", "load", "mhz", "passes" };

	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		if (!strcmp(key, passing[i]))
			return true;
	return false;
}

static json_t *compare_or_null(const json_t *value)
{
	return value ? json_incref((json_t *)value) : json_null();
}

/* Add what differs to the list. */
static void compare_alike(json_t *list, const char *key, const json_t *before, const json_t *after)
{
	const char *name;
	json_t *value;

	if (json_equal(before, after))
		return;
	if (!json_is_object(before) || !json_is_object(after)) {
		json_array_append_new(list, json_pack("{s:s, s:o, s:o}", "key", key,
						      "before", compare_or_null(before),
						      "after", compare_or_null(after)));
		return;
	}
	json_object_foreach((json_t *)after, name, value)
		if (!compare_passing(name))
			compare_alike(list, name, json_object_get(before, name), value);
	json_object_foreach((json_t *)before, name, value)
		if (!compare_passing(name) && !json_object_get(after, name))
			compare_alike(list, name, value, NULL);
}

/* ---- modes ---- */

static const json_t *compare_find(const json_t *all, const char *name)
{
	size_t index;
	json_t *mode;

	json_array_foreach(json_object_get(all, "modes"), index, mode) {
		const char *text = json_string_value(json_object_get(mode, "name"));

		if (text && !strcmp(text, name))
			return mode;
	}
	return NULL;
}

/* From the single values, which decide whether two modes differ. */
static void compare_summarise(struct bench_summary *out, const json_t *mode, const char *measure)
{
	const json_t *list = json_object_get(
		json_object_get(json_object_get(mode, "measures"), measure), "values");
	double values[BENCH_REPEATS_MAX];
	size_t count = json_array_size(list);

	if (count > BENCH_REPEATS_MAX)
		count = BENCH_REPEATS_MAX;
	for (size_t i = 0; i < count; i++)
		values[i] = json_number_value(json_array_get(list, i));
	bench_stats_summarise(out, values, count);
}

static bool compare_more_is_better(enum bench_measure measure)
{
	return measure == BENCH_GBITS || measure == BENCH_REQUESTS || measure == BENCH_HANDSHAKES ||
	       measure == BENCH_INSTALLS;
}

static void compare_measure(struct compare *c, const char *name, const json_t *before,
			    const json_t *after, enum bench_measure measure)
{
	struct bench_summary was, is;
	bool better;

	compare_summarise(&was, before, bench_measures[measure]);
	compare_summarise(&is, after, bench_measures[measure]);
	if (!was.count && !is.count)
		return;
	if (!bench_stats_apart(&was, &is)) {
		c->same++;
		return;
	}
	better = (is.median > was.median) == compare_more_is_better(measure);
	c->worse += !better;
	json_array_append_new(c->changes,
			      json_pack("{s:s, s:s, s:f, s:f, s:f, s:b}", "mode", name,
					"measure", bench_measures[measure], "before", was.median,
					"after", is.median,
					"percent", bench_stats_change(was.median, is.median),
					"better", better));
}

static bool compare_ran(const json_t *mode)
{
	return json_integer_value(json_object_get(mode, "runs")) > 0;
}

static void compare_warn(struct compare *c, json_t *text)
{
	json_array_append_new(c->warnings, text);
}

/* A result that is not about what its mode is called. */
static void compare_doubtful(struct compare *c, const json_t *all, const json_t *mode,
			     const char *name, const char *which)
{
	const json_t *path = json_object_get(mode, "path");

	if (json_is_false(json_object_get(path, "as_asked")))
		compare_warn(c,
			     json_sprintf("WRONG PATH: in the file %s the records of %s were not "
					     "%s where they should be", which, name,
					     bench_done[bench_json_direction(all)]));
	if (json_is_false(json_object_get(path, "proven")))
		compare_warn(c,
			     json_sprintf("NOT PROVEN: in the file %s what the card did for %s is "
					     "not known", which, name));
	if (json_is_false(json_object_get(json_object_get(mode, "disk"), "cold")))
		compare_warn(c,
			     json_sprintf("NOT COLD: in the file %s not all that %s sent came from "
					     "a disk", which, name));
}

static void compare_mode(struct compare *c, const char *name)
{
	const json_t *before = compare_find(c->before, name),
		     *after = compare_find(c->after, name);

	if (!compare_ran(before) || !compare_ran(after)) {
		if (compare_ran(before) || compare_ran(after))
			compare_warn(c, json_sprintf("%s measured only %s", name,
						     compare_ran(before) ? "before" : "after"));
		return;
	}
	compare_doubtful(c, c->before, before, name, "before");
	compare_doubtful(c, c->after, after, name, "after");
	for (unsigned i = 0; i < BENCH_MEASURES; i++)
		compare_measure(c, name, before, after, i);
}

static void compare_all(struct compare *c)
{
	static const char *const parts[] = { "manifest", "options" };

	for (unsigned i = 0; i < 2; i++)
		compare_alike(c->differences, parts[i], json_object_get(c->before, parts[i]),
			      json_object_get(c->after, parts[i]));
	for (unsigned i = 0; i < BENCH_MODES; i++)
		compare_mode(c, bench_modes[i].name);
}

/* ---- output ---- */

static void compare_print_differences(const struct compare *c)
{
	size_t index;
	json_t *d;

	json_array_foreach(c->differences, index, d) {
		const json_t *before = json_object_get(d, "before");
		const json_t *after = json_object_get(d, "after");
		char *was = json_dumps(before, JSON_ENCODE_ANY | JSON_COMPACT);
		char *is = json_dumps(after, JSON_ENCODE_ANY | JSON_COMPACT);

		printf("warning: not measured alike: %s was %s, is %s\n", bench_json_string(d,
											    "key",
											    NULL),
		       json_is_null(before) || !was ? "not there" : was,
		       json_is_null(after) || !is ? "not there" : is);
		free(was);
		free(is);
	}
}

static double compare_number(const json_t *change, const char *key)
{
	return json_number_value(json_object_get(change, key));
}

static void compare_print(const struct compare *c)
{
	size_t index;
	json_t *value;

	compare_print_differences(c);
	json_array_foreach(c->warnings, index, value)
		printf("warning: %s\n", json_string_value(value));
	if (json_array_size(c->differences) + json_array_size(c->warnings))
		putchar('\n');
	printf("%-20s %-29s %12s %12s %10s\n", "MODE", "MEASURE", "BEFORE", "AFTER", "CHANGE");
	json_array_foreach(c->changes, index, value)
		printf("%-20s %-29s %12.6g %12.6g %+8.1f %%  %s\n",
		       bench_json_string(value, "mode", NULL),
		       bench_json_string(value, "measure", NULL), compare_number(value, "before"),
		       compare_number(value, "after"), compare_number(value, "percent"),
		       json_is_true(json_object_get(value, "better")) ? "better" : "WORSE");
	printf("\n%zu measures changed by more than noise, %u did not\n",
	       json_array_size(c->changes), c->same);
}

static int compare_print_json(const struct compare *c)
{
	const char *verdict = c->worse ? "worse" : json_array_size(c->changes) ? "better" : "same";
	json_t *all = json_pack("{s:i, s:s, s:O, s:O, s:O, s:i}", "tlsring_compare", 1,
				"verdict", verdict,
				"differences", c->differences, "warnings", c->warnings,
				"changes", c->changes, "unchanged", (int)c->same);
	int ret = all ? bench_json_print(all) : -1;

	json_decref(all);
	return ret;
}

int bench_compare(const char *before, const char *after, bool json)
{
	struct compare c = {
		.before = compare_load(before), .differences = json_array(),
		.warnings = json_array(), .changes = json_array(),
	};
	int ret = TOOLS_FAILED;

	if (c.before)
		c.after = compare_load(after);
	if (c.before && c.after) {
		compare_all(&c);
		ret = json ? compare_print_json(&c) : 0;
		if (!json)
			compare_print(&c);
		if (ret || fflush(stdout) || ferror(stdout))
			ret = TOOLS_FAILED;
		else
			ret = c.worse ? BENCH_COMPARE_WORSE : 0;
	}
	json_decref(c.before);
	json_decref(c.after);
	json_decref(c.differences);
	json_decref(c.warnings);
	json_decref(c.changes);
	return ret;
}
