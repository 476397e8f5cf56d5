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
	unsigned changed, same;		/* measures */
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

static unsigned compare_alike(const char *key, const json_t *before, const json_t *after)
{
	unsigned differences = 0;
	char *was, *is;
	const char *name;
	json_t *value;

	if (json_equal(before, after))
		return 0;
	if (json_is_object(before) && json_is_object(after)) {
		json_object_foreach((json_t *)after, name, value)
			if (!compare_passing(name))
				differences += compare_alike(name, json_object_get(before, name),
							     value);
		json_object_foreach((json_t *)before, name, value)
			if (!compare_passing(name) && !json_object_get(after, name))
				differences += compare_alike(name, value, NULL);
		return differences;
	}
	was = json_dumps(before, JSON_ENCODE_ANY | JSON_COMPACT);
	is = json_dumps(after, JSON_ENCODE_ANY | JSON_COMPACT);
	printf("warning: not measured alike: %s was %s, is %s\n", key, was ? was : "not there",
	       is ? is : "not there");
	free(was);
	free(is);
	return 1;
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

static void compare_measure(struct compare *c, const char *name, const json_t *before,
			    const json_t *after, enum bench_measure measure)
{
	bool more_is_better = measure == BENCH_GBITS || measure == BENCH_REQUESTS ||
			      measure == BENCH_HANDSHAKES || measure == BENCH_INSTALLS;
	struct bench_summary was, is;

	compare_summarise(&was, before, bench_measures[measure]);
	compare_summarise(&is, after, bench_measures[measure]);
	if (!was.count && !is.count)
		return;
	if (!bench_stats_apart(&was, &is)) {
		c->same++;
		return;
	}
	c->changed++;
	printf("%-20s %-29s %12.6g %12.6g %+8.1f %%  %s\n", name, bench_measures[measure],
	       was.median, is.median, bench_stats_change(was.median, is.median),
	       (is.median > was.median) == more_is_better ? "better" : "WORSE");
}

static bool compare_ran(const json_t *mode)
{
	return json_integer_value(json_object_get(mode, "runs")) > 0;
}

static void compare_astray(const json_t *all, const json_t *mode, const char *name,
			   const char *which)
{
	if (json_is_false(json_object_get(json_object_get(mode, "path"), "as_asked")))
		printf("warning: WRONG PATH: in the file %s the records of %s were not %s where "
		       "they should be\n",
		       which, name, bench_done[bench_json_direction(all)]);
}

static void compare_warm(const json_t *mode, const char *name, const char *which)
{
	if (json_is_false(json_object_get(json_object_get(mode, "disk"), "cold")))
		printf("warning: NOT COLD: in the file %s not all that %s sent came from a disk\n",
		       which, name);
}

static void compare_mode(struct compare *c, const char *name)
{
	const json_t *before = compare_find(c->before, name), *after = compare_find(c->after, name);

	if (!before && !after)
		return;
	if (!compare_ran(before) || !compare_ran(after)) {
		if (compare_ran(before) || compare_ran(after))
			printf("%-20s measured only %s\n", name,
			       compare_ran(before) ? "before" : "after");
		return;
	}
	compare_astray(c->before, before, name, "before");
	compare_astray(c->after, after, name, "after");
	compare_warm(before, name, "before");
	compare_warm(after, name, "after");
	for (unsigned i = 0; i < BENCH_MEASURES; i++)
		compare_measure(c, name, before, after, i);
}

static void compare_print(struct compare *c)
{
	unsigned differences = 0;

	differences += compare_alike("manifest", json_object_get(c->before, "manifest"),
				     json_object_get(c->after, "manifest"));
	differences += compare_alike("options", json_object_get(c->before, "options"),
				     json_object_get(c->after, "options"));
	if (differences)
		putchar('\n');
	printf("%-20s %-29s %12s %12s %10s\n", "MODE", "MEASURE", "BEFORE", "AFTER", "CHANGE");
	for (unsigned i = 0; i < BENCH_MODES; i++)
		compare_mode(c, bench_modes[i].name);
	printf("\n%u measures changed by more than noise, %u did not\n", c->changed, c->same);
}

int bench_compare(const char *before, const char *after)
{
	struct compare c = { .before = compare_load(before) };
	int ret = TOOLS_FAILED;

	if (c.before)
		c.after = compare_load(after);
	if (c.before && c.after) {
		compare_print(&c);
		ret = fflush(stdout) || ferror(stdout) ? TOOLS_FAILED : 0;
	}
	json_decref(c.before);
	json_decref(c.after);
	return ret;
}
