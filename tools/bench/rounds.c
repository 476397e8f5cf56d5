// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include <jansson.h>
#include "tools/bench/client/samples.h"
#include "tools/bench/modes.h"
#include "tools/bench/options.h"
#include "tools/bench/remote/netns.h"
#include "tools/bench/remote/remote.h"
#include "tools/bench/result.h"
#include "tools/bench/rounds.h"
#include "tools/bench/run.h"
#include "tools/bench/setup.h"
#include "tools/common/clock.h"
#include "tools/common/log.h"
#include "tools/tools.h"

#define ROUNDS_STAT	"/proc/stat"
#define ROUNDS_BAR	24	/* columns */
#define ROUNDS_EACH	1.125	/* of --seconds: an eighth does not count, and comes first */

/* ---- how far it is ---- */

/* Seconds left, from the duration of completed runs, or of --seconds before there are any. 0:
 * unknown. Tries are neglected. */
static double rounds_left(const struct bench_rounds *r)
{
	unsigned ran = r->done > r->tries ? r->done - r->tries : 0;
	double each = r->options->requests ? 0 : r->options->seconds * ROUNDS_EACH;

	if (ran)
		each = (double)(clock_ns(CLOCK_MONOTONIC) - r->began) / 1e9 / ran;
	return each * (r->steps - r->tries - ran);
}

static void rounds_progress(const struct bench_rounds *r, const char *what,
			    const struct bench_mode *mode)
{
	static const char full[] = "########################", empty[] = "------------------------";
	unsigned fill = r->done * ROUNDS_BAR / r->steps, left;

	if (!r->terminal)
		return;
	left = (unsigned)(rounds_left(r) + 0.5);
	fprintf(stderr, "\r\033[K%s%s[%.*s%.*s] %u/%u %s %s", r->what ? r->what : "",
		r->what ? " " : "", (int)fill, full, ROUNDS_BAR - (int)fill, empty, r->done + 1,
		r->steps, what, mode->name);
	if (left)
		fprintf(stderr, ", %u:%02u left", left / 60, left % 60);
	fflush(stderr);
}

static void rounds_progress_end(const struct bench_rounds *r)
{
	if (r->terminal)
		fputs("\r\033[K", stderr);
}

/* ---- modes and rounds ---- */

static bool rounds_possible(const struct bench_result *result)
{
	return result->mode && !result->why && !result->lack && !result->error;
}

static void rounds_failed(struct bench_rounds *r, struct bench_result *result, int ret)
{
	char text[160];

	if (ret == -EINTR) {
		r->interrupted = true;
		return;
	}
	result->error = ret;
	rounds_progress_end(r);
	log_line("%s: %s", result->mode->name, bench_result_error_text(ret, text, sizeof(text)));
}

static void rounds_tries(struct bench_rounds *r)
{
	for (unsigned i = 0; i < BENCH_MODES && !r->interrupted; i++) {
		struct bench_result *result = &r->results[i];
		int ret;

		if (!result->mode)
			continue;
		rounds_progress(r, "trying", result->mode);
		ret = bench_run_try(&r->setup, result);
		if (ret)
			rounds_failed(r, result, ret);
		r->done++;
		if (!rounds_possible(result))
			r->steps -= r->options->repeats;
	}
}

static void rounds_add(struct bench_result *result, const struct bench_run *run)
{
	for (unsigned i = 0; i < BENCH_MEASURES; i++)
		result->values[i][result->runs] = run->values[i];
	for (unsigned i = 0; i < BENCH_COUNTERS; i++)
		result->counted[i] = run->counted[i] && (result->counted[i] || !result->runs);
	bench_result_add_path(&result->path, &run->path);
	result->astray += run->path.astray;
	result->disk += run->disk;
	result->payload += run->payload;
	result->samples += run->samples;
	result->busy.server += run->busy.server;
	result->busy.client += run->busy.client;
	result->busy.seconds += run->busy.seconds;
	result->warm += run->warm;
	result->behind += run->behind;
	result->runs++;
}

static void rounds_run_one(struct bench_rounds *r, struct bench_result *result)
{
	struct bench_run run;
	int ret;

	rounds_progress(r, "running", result->mode);
	ret = bench_run(&run, &r->setup, result);
	if (ret)
		rounds_failed(r, result, ret);
	else
		rounds_add(result, &run);
	r->done++;
}

/* Each round begins with another mode, so that changes of the machine meet all modes alike. */
static void rounds_one(struct bench_rounds *r)
{
	for (unsigned i = 0; i < BENCH_MODES && !r->interrupted; i++) {
		struct bench_result *result = &r->results[(r->rounds + i) % BENCH_MODES];

		if (rounds_possible(result))
			rounds_run_one(r, result);
	}
	r->rounds += !r->interrupted;
}

/* ---- the whole ---- */

static int rounds_results(struct bench_rounds *r)
{
	for (unsigned i = 0; i < BENCH_MODES; i++) {
		struct bench_result *result = &r->results[i];

		if (!r->options->modes[i])
			continue;
		result->mode = &bench_modes[i];
		result->latency = bench_samples_histogram();
		result->handshakes = bench_samples_histogram();
		if (!result->latency || !result->handshakes)
			return TOOLS_FAILED;
		r->steps += 1 + r->options->repeats;
		r->tries++;
	}
	return 0;
}

int bench_rounds_open(struct bench_rounds *r, const struct bench_options *options,
		      const volatile sig_atomic_t *interrupted)
{
	int ret;

	*r = (struct bench_rounds){ .options = options, .terminal = isatty(STDERR_FILENO) };
	ret = bench_setup_open(&r->setup, options, interrupted);
	if (!ret && options->connect)
		ret = bench_remote_open(&r->setup, &r->manifest);
	if (!ret && bench_options_bad_net(options))
		ret = bench_netns_open(&r->setup, options);
	return ret ? ret : rounds_results(r);
}

void bench_rounds_run(struct bench_rounds *r)
{
	rounds_tries(r);
	r->began = clock_ns(CLOCK_MONOTONIC);
	/* The CPU time of an agent's servers is not known here. */
	if (!r->setup.agent)
		bench_noise_look(&r->from, ROUNDS_STAT);
	while (r->rounds < r->options->repeats && !r->interrupted)
		rounds_one(r);
	rounds_progress_end(r);
	if (!r->setup.agent)
		bench_noise_look(&r->to, ROUNDS_STAT);
}

void bench_rounds_free(struct bench_rounds *r)
{
	for (unsigned i = 0; i < BENCH_MODES; i++) {
		hdr_close(r->results[i].latency);
		hdr_close(r->results[i].handshakes);
	}
	json_decref(r->manifest);
	bench_setup_free(&r->setup);
}
