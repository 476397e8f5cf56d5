// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stdio.h>
#include "tools/bench/modes.h"
#include "tools/bench/options.h"
#include "tools/bench/report/stats.h"
#include "tools/bench/report/verdict.h"
#include "tools/bench/result.h"
#include "tools/common/number.h"

struct verdict {
	const struct bench_outcome *outcome;
	char (*out)[BENCH_VERDICT_TEXT];
	unsigned count;
};

/* The best mode of our own servers for a kind of connection and who seals. */
struct verdict_best {
	const struct bench_result *result;	/* NULL: none was measured */
	struct bench_summary by;
	const struct bench_result *lacking;	/* one that is not possible here */
};

__attribute__((format(printf, 2, 3)))
static void verdict_say(struct verdict *v, const char *format, ...)
{
	va_list args;

	if (v->count == BENCH_VERDICTS)
		return;
	va_start(args, format);
	vsnprintf(v->out[v->count++], BENCH_VERDICT_TEXT, format, args);
	va_end(args);
}

static void verdict_find(struct verdict_best *best, const struct verdict *v, enum bench_seal seal,
			 enum bench_measure measure)
{
	*best = (struct verdict_best){ 0 };
	for (unsigned i = 0; i < BENCH_MODES; i++) {
		const struct bench_result *r = &v->outcome->results[i];
		struct bench_summary by;

		if (!r->mode || r->mode->program || r->mode->seal != seal ||
		    bench_mode_measure(r->mode) != measure)
			continue;
		if (r->why)
			best->lacking = r;
		bench_stats_of(&by, r, measure);
		/* Figures of a wrong path are not about this way. */
		if (!r->runs || r->astray || (best->result && by.median >= best->by.median))
			continue;
		best->result = r;
		best->by = by;
	}
}

/* ---- one comparison ---- */

/* "answers of 1.0 MiB over TLS 1.3", "new connections over TLS 1.3"... */
static const char *verdict_what(const struct verdict *v, enum bench_measure measure, char *buf,
				size_t room)
{
	const struct bench_options *o = v->outcome->options;
	const char *tls = bench_versions[o->tls];
	char size[NUMBER_BYTES];

	if (measure == BENCH_MEMORY)
		snprintf(buf, room, "idle connections over TLS %s", tls);
	else if (measure == BENCH_CPU_HANDSHAKE)
		snprintf(buf, room, "new connections with an answer of %s over TLS %s",
			 number_bytes(o->size, size), tls);
	else
		snprintf(buf, room, "%s of %s over TLS %s", bench_messages[o->direction],
			 number_bytes(o->size, size), tls);
	return buf;
}

/* The saving of new beside old in percent, and half of the range that the rounds leave. */
static double verdict_saving(const struct bench_summary *old, const struct bench_summary *new,
			     double *range)
{
	double most = 1 - new->min / old->max, least = 1 - new->max / old->min;

	*range = 50 * (most - least);
	return 100 * (1 - new->median / old->median);
}

static void verdict_compare(struct verdict *v, const char *who, const struct verdict_best *new,
			    const char *whom, const struct verdict_best *old,
			    enum bench_measure measure)
{
	const char *of = measure == BENCH_MEMORY ? "memory" : "CPU time", *doubt;
	double range, saving = verdict_saving(&old->by, &new->by, &range);
	char what[128];

	verdict_what(v, measure, what, sizeof(what));
	doubt = new->result->path.doubt ? "; NOT PROVEN" : "";
	if (new->by.count < 2 || old->by.count < 2)
		verdict_say(v, "A single round cannot tell whether %s saves %s beside %s for %s.",
			    who, of,
			    whom, what);
	else if (!bench_stats_apart(&old->by, &new->by))
		verdict_say(v,
			    "On this machine %s takes as much %s as %s for %s, within noise (%s, "
			    "%s%s).",
			    who, of, whom, what, new->result->mode->name, old->result->mode->name,
			    doubt);
	else if (saving > 0)
		verdict_say(v, "On this machine %s saves %.0f %% +- %.0f %% of the %s of %s for %s "
			    "(%s beside %s%s).", who, saving, range, of, whom, what,
			    new->result->mode->name, old->result->mode->name, doubt);
	else
		verdict_say(v, "On this machine %s takes %.0f %% +- %.0f %% more %s than %s for %s "
			    "(%s beside %s%s).", who, -saving, range, of, whom, what,
			    new->result->mode->name, old->result->mode->name, doubt);
}

static void verdict_lacking(struct verdict *v, const char *who, const struct verdict_best *best,
			    enum bench_measure measure)
{
	struct bench_why why;
	char what[128];

	if (best->lacking && bench_result_why(&why, best->lacking))
		verdict_say(v, "%s does nothing for %s: %s.", who,
			    verdict_what(v, measure, what, sizeof(what)), why.text);
}

/* ---- all of them ---- */

static void verdict_measure(struct verdict *v, enum bench_measure measure)
{
	struct verdict_best user, kernel, nic;

	verdict_find(&user, v, BENCH_USER, measure);
	verdict_find(&kernel, v, BENCH_KERNEL, measure);
	verdict_find(&nic, v, BENCH_NIC, measure);
	if (nic.result && kernel.result)
		verdict_compare(v, "the card", &nic, "kernel TLS", &kernel, measure);
	else if (!nic.result)
		verdict_lacking(v, "The card", &nic, measure);
	if (kernel.result && user.result)
		verdict_compare(v, "kernel TLS", &kernel, "TLS in user space", &user, measure);
	else if (!kernel.result)
		verdict_lacking(v, "Kernel TLS", &kernel, measure);
}

unsigned bench_verdict(char out[BENCH_VERDICTS][BENCH_VERDICT_TEXT], const struct bench_outcome *o)
{
	struct verdict v = { .outcome = o, .out = out };

	verdict_measure(&v, BENCH_CPU_GIB);
	verdict_measure(&v, BENCH_CPU_HANDSHAKE);
	verdict_measure(&v, BENCH_MEMORY);
	return v.count;
}
