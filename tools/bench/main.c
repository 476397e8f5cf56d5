// SPDX-License-Identifier: MIT
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>
#include "tools/bench/machine/manifest.h"
#include "tools/bench/options.h"
#include "tools/bench/remote/agent.h"
#include "tools/bench/report/chart.h"
#include "tools/bench/report/compare.h"
#include "tools/bench/report/csv.h"
#include "tools/bench/report/html.h"
#include "tools/bench/report/json.h"
#include "tools/bench/report/table.h"
#include "tools/bench/modes.h"
#include "tools/bench/result.h"
#include "tools/bench/rounds.h"
#include "tools/bench/soak/soak.h"
#include "tools/bench/sweep/sweep.h"
#include "tools/common/log.h"
#include "tools/tools.h"

struct bench {
	const struct bench_options *options;
	struct bench_rounds rounds;
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
		log_line("--html: %s", ret == -ENOENT ? BENCH_CHART_MISSING :
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

static int main_output(struct bench *b)
{
	const struct bench_rounds *r = &b->rounds;
	const struct bench_outcome outcome = {
		.options = b->options, .manifest = r->manifest ? r->manifest : b->own,
		.client = r->manifest ? b->own : NULL, .results = r->results, .repeats = r->rounds,
		.from = r->from, .to = r->to,
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
static int main_verdict(const struct bench_rounds *r)
{
	int ret = 0;

	for (unsigned i = 0; i < BENCH_MODES; i++) {
		const struct bench_result *result = &r->results[i];

		if (result->astray)
			log_line("WRONG PATH: in %u of %u runs of %s the records were not %s where "
				 "they should be "
				 "(%s): its figures are not about that",
				 result->astray, result->runs, result->mode->name,
				 bench_done[r->options->direction],
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
	if (!r->interrupted)
		return ret;
	log_line("interrupted after %u of %u rounds", r->rounds, r->options->repeats);
	return TOOLS_FAILED;
}

static int main_measure(struct bench *b)
{
	struct bench_rounds *r = &b->rounds;
	int ret = bench_rounds_open(r, b->options, &main_signal);

	b->own = bench_manifest(bench_options_manifest(b->options));
	if (!ret)
		ret = main_open_html(b);
	if (!ret) {
		bench_rounds_run(r);
		ret = main_output(b);
	}
	if (!ret)
		ret = main_verdict(r);
	bench_rounds_free(r);
	if (b->html)
		fclose(b->html);
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
		return bench_compare(options.before, options.after, options.format == BENCH_JSON);
	main_signals();
	if (options.listen)
		return bench_agent_listen(&options, &main_signal);
	if (options.sweeps)
		return bench_sweep(&options, &main_signal);
	if (options.duration > 0)
		return bench_soak(&options, &main_signal);
	b = calloc(1, sizeof(*b));
	if (!b)
		return TOOLS_FAILED;
	b->options = &options;
	ret = main_measure(b);
	free(b);
	return ret;
}
