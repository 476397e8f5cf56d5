// SPDX-License-Identifier: MIT
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <jansson.h>
#include "tools/bench/machine/manifest.h"
#include "tools/bench/machine/noise.h"
#include "tools/bench/modes.h"
#include "tools/bench/options.h"
#include "tools/bench/remote/agent.h"
#include "tools/bench/remote/netns.h"
#include "tools/bench/remote/remote.h"
#include "tools/bench/report/chart.h"
#include "tools/bench/report/compare.h"
#include "tools/bench/report/csv.h"
#include "tools/bench/report/html.h"
#include "tools/bench/report/json.h"
#include "tools/bench/report/table.h"
#include "tools/bench/result.h"
#include "tools/bench/run.h"
#include "tools/bench/setup.h"
#include "tools/bench/soak/soak.h"
#include "tools/common/log.h"
#include "tools/tools.h"

#define MAIN_STAT	"/proc/stat"
#define MAIN_BAR	24	/* columns */
#define MAIN_EACH	1.125	/* of --seconds: an eighth does not count, and comes first */

struct bench {
	const struct bench_options *options;
	struct bench_setup setup;
	struct bench_result results[BENCH_MODES];
	unsigned rounds;		/* completed */
	unsigned steps, done;		/* runs and tries: all, and completed */
	unsigned tries;
	struct timespec began;		/* the first run */
	bool terminal, interrupted;
	struct bench_noise from, to;
	json_t *own;			/* owned: this machine's manifest */
	FILE *html;			/* owned; NULL: none was asked for */
};

static volatile sig_atomic_t main_signal;

static void main_interrupted(int number)
{
	main_signal = number;
}

/* A signal interrupts a wait; the run then ends with -EINTR. */
static void main_signals(void)
{
	struct sigaction action = { .sa_handler = main_interrupted };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* ---- how far it is ---- */

/* Seconds left, from the duration of completed runs, or of --seconds before there are any. 0:
 * unknown. Tries are neglected. */
static double main_left(const struct bench *b)
{
	unsigned ran = b->done > b->tries ? b->done - b->tries : 0;
	double each = b->options->requests ? 0 : b->options->seconds * MAIN_EACH;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (ran)
		each = ((double)(now.tv_sec - b->began.tv_sec) +
			(double)(now.tv_nsec - b->began.tv_nsec) / 1e9) /
		       ran;
	return each * (b->steps - b->tries - ran);
}

static void main_progress(const struct bench *b, const char *what, const struct bench_mode *mode)
{
	static const char full[] = "########################", empty[] = "------------------------";
	unsigned fill = b->done * MAIN_BAR / b->steps, left;

	if (!b->terminal)
		return;
	left = (unsigned)(main_left(b) + 0.5);
	fprintf(stderr, "\r\033[K[%.*s%.*s] %u/%u %s %s", (int)fill, full, MAIN_BAR - (int)fill,
		empty, b->done + 1, b->steps, what, mode->name);
	if (left)
		fprintf(stderr, ", %u:%02u left", left / 60, left % 60);
	fflush(stderr);
}

static void main_progress_end(const struct bench *b)
{
	if (b->terminal)
		fputs("\r\033[K", stderr);
}

/* ---- modes and rounds ---- */

static bool main_possible(const struct bench_result *result)
{
	return result->mode && !result->why && !result->lack && !result->error;
}

static void main_failed(struct bench *b, struct bench_result *result, int ret)
{
	char text[160];

	if (ret == -EINTR) {
		b->interrupted = true;
		return;
	}
	result->error = ret;
	main_progress_end(b);
	log_line("%s: %s", result->mode->name, bench_result_error_text(ret, text, sizeof(text)));
}

static void main_tries(struct bench *b)
{
	for (unsigned i = 0; i < BENCH_MODES && !b->interrupted; i++) {
		struct bench_result *result = &b->results[i];
		int ret;

		if (!result->mode)
			continue;
		main_progress(b, "trying", result->mode);
		ret = bench_run_try(&b->setup, result);
		if (ret)
			main_failed(b, result, ret);
		b->done++;
		if (!main_possible(result))
			b->steps -= b->options->repeats;
	}
}

static void main_add(struct bench_result *result, const struct bench_run *run)
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
	result->warm += run->warm;
	result->behind += run->behind;
	result->runs++;
}

static void main_run_one(struct bench *b, struct bench_result *result)
{
	struct bench_run run;
	int ret;

	main_progress(b, "running", result->mode);
	ret = bench_run(&run, &b->setup, result->mode);
	if (ret)
		main_failed(b, result, ret);
	else
		main_add(result, &run);
	b->done++;
}

/* Each round begins with another mode, so that changes of the machine meet all modes alike. */
static void main_round(struct bench *b)
{
	for (unsigned i = 0; i < BENCH_MODES && !b->interrupted; i++) {
		struct bench_result *result = &b->results[(b->rounds + i) % BENCH_MODES];

		if (main_possible(result))
			main_run_one(b, result);
	}
	b->rounds += !b->interrupted;
}

/* ---- the whole ---- */

/* Called before anything is measured, so that nothing is measured in vain. */
static int main_open_html(struct bench *b)
{
	char text[160];
	int ret;

	if (!b->options->html)
		return 0;
	ret = bench_chart_probe();
	if (ret) {
		log_line("--html: %s", ret == -ENOENT ?
					       "gnuplot, which draws the charts, is not installed; "
					       "install it as root: apt-get install gnuplot-nox" :
				       ret == -EPROTO ? "gnuplot cannot draw SVG" :
							tlsring_strerror(ret, text, sizeof(text)));
		return TOOLS_FAILED;
	}
	b->html = fopen(b->options->html, "we");
	if (b->html)
		return 0;
	log_line("--html %s: %s", b->options->html, strerror(errno));
	return TOOLS_FAILED;
}

static int main_write_html(struct bench *b, const json_t *all)
{
	char text[160];
	int ret = bench_html(b->html, all);

	if (!ret && (fflush(b->html) || ferror(b->html)))
		ret = -EIO;
	if (ret)
		log_line("--html %s: %s", b->options->html,
			 ret == -EPROTO ? "gnuplot did not draw the charts" :
					  tlsring_strerror(ret, text, sizeof(text)));
	return ret ? TOOLS_FAILED : 0;
}

static int main_output(struct bench *b, json_t *manifest)
{
	const struct bench_outcome outcome = {
		b->options, manifest ? manifest : b->own, manifest ? b->own : NULL, b->results,
		b->rounds, b->from, b->to,
	};
	json_t *all = bench_json(&outcome);
	int ret = all ? 0 : -1;

	if (b->options->format == BENCH_JSON)
		ret = ret ? ret : bench_json_print(all);
	else if (b->options->format == BENCH_CSV)
		bench_csv_print(&outcome);
	else
		bench_table_print(&outcome);
	if (ret || fflush(stdout) || ferror(stdout)) {
		log_line("cannot write the results");
		ret = TOOLS_FAILED;
	} else if (b->html) {
		ret = main_write_html(b, all);
	}
	json_decref(all);
	return ret;
}

/* Warnings on standard error, in every form of output. */
static int main_verdict(const struct bench *b)
{
	int ret = 0;

	for (unsigned i = 0; i < BENCH_MODES; i++) {
		const struct bench_result *result = &b->results[i];

		if (result->astray)
			log_line("WRONG PATH: in %u of %u runs of %s the records were not %s where "
				 "they should be "
				 "(%s): its figures are not about that",
				 result->astray, result->runs, result->mode->name,
				 bench_done[b->options->direction],
				 bench_seals[result->mode->seal]);
		if (result->path.doubt)
			log_line("NOT PROVEN: what the card did for %s: %s", result->mode->name,
				 bench_result_doubt(result->path.doubt));
		if (result->warm)
			log_line("NOT COLD: in %u of %u runs of %s not all that was sent came from "
				 "a disk (%.1f %%)",
				 result->warm, result->runs, result->mode->name,
				 bench_result_from_disk(result));
		if (result->astray || result->warm || result->error)
			ret = TOOLS_FAILED;
	}
	if (!b->interrupted)
		return ret;
	log_line("interrupted after %u of %u rounds", b->rounds, b->options->repeats);
	return TOOLS_FAILED;
}

static int main_measure(struct bench *b)
{
	json_t *manifest = NULL;	/* of an agent's machine */
	int ret = bench_setup_open(&b->setup, b->options, &main_signal);

	b->own = bench_manifest(bench_options_manifest(b->options));
	if (!ret)
		ret = main_open_html(b);
	if (!ret && b->options->connect)
		ret = bench_remote_open(&b->setup, b->options->connect, &manifest);
	if (!ret && bench_options_bad_net(b->options))
		ret = bench_netns_open(&b->setup, b->options);
	for (unsigned i = 0; i < BENCH_MODES; i++) {
		if (!b->options->modes[i])
			continue;
		b->results[i].mode = &bench_modes[i];
		b->steps += 1 + b->options->repeats;
		b->tries++;
	}
	if (!ret) {
		main_tries(b);
		clock_gettime(CLOCK_MONOTONIC, &b->began);
		/* The CPU time of an agent's servers is not known here. */
		if (!b->setup.agent)
			bench_noise_look(&b->from, MAIN_STAT);
		while (b->rounds < b->options->repeats && !b->interrupted)
			main_round(b);
		main_progress_end(b);
		if (!b->setup.agent)
			bench_noise_look(&b->to, MAIN_STAT);
		ret = main_output(b, manifest);
	}
	if (!ret)
		ret = main_verdict(b);
	bench_setup_free(&b->setup);
	if (b->html)
		fclose(b->html);
	json_decref(manifest);
	json_decref(b->own);
	return ret;
}

int bench_main(int argc, char **argv)
{
	struct bench_options options;
	int ret = bench_options_parse(&options, argc, argv);
	struct bench *b;

	if (ret)
		return ret < 0 ? 0 : ret;
	if (options.before)
		return bench_compare(options.before, options.after);
	main_signals();
	if (options.listen)
		return bench_agent_listen(&options, &main_signal);
	if (options.duration > 0)
		return bench_soak(&options, &main_signal);
	b = calloc(1, sizeof(*b));
	if (!b)
		return TOOLS_FAILED;
	b->options = &options;
	b->terminal = isatty(STDERR_FILENO);
	ret = main_measure(b);
	free(b);
	return ret;
}
