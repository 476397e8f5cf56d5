// SPDX-License-Identifier: MIT
/* Findings from a soak's looks and counters. A leak grows all the time; something large does not.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "tools/bench/modes.h"
#include "tools/bench/result.h"
#include "tools/bench/soak/verdict.h"

#define VERDICT_QUARTER	5	/* minimum of looks for a trend */
#define VERDICT_SURE	2.0	/* standard deviations, in each of two quarters */
#define VERDICT_MEMORY	(1 << 20)	/* bytes that may come and go,
and by which short runs settle */
#define VERDICT_SLAB	(16 << 20)	/* likewise, of the whole system */
#define VERDICT_FILES	8

struct verdict {
	const struct bench_soak *soak;
	struct bench_finding *out;
	unsigned count;
};

__attribute__((format(printf, 3, 4)))
static void verdict_say(struct verdict *j, bool wrong, const char *format, ...)
{
	struct bench_finding *finding = &j->out[j->count];
	va_list args;

	if (j->count == BENCH_SOAK_FINDINGS)
		return;
	j->count++;
	finding->wrong = wrong;
	va_start(args, format);
	vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
}

/* ---- trends ---- */

/* The trend test of Mann and Kendall: by how many standard deviations rises outnumber falls, of all
 * pairs. */
static double verdict_trend(const double *values, unsigned count)
{
	double pairs = 0, n = count;

	for (unsigned i = 0; i < count; i++)
		for (unsigned k = i + 1; k < count; k++)
			pairs += (values[k] > values[i]) - (values[k] < values[i]);
	return pairs > 0 ? (pairs - 1) / sqrt(n * (n - 1) * (2 * n + 5) / 18) : 0;
}

double bench_soak_growth(const double *values, unsigned count)
{
	unsigned quarter = count / 4;
	const double *third = values + count - 2 * quarter, *fourth = values + count - quarter;

	if (quarter < VERDICT_QUARTER || verdict_trend(third, quarter) < VERDICT_SURE ||
	    verdict_trend(fourth, quarter) < VERDICT_SURE)
		return 0;
	/* A single step is in one of the quarters only. */
	return 2 * fmin(third[quarter - 1] - third[0], fourth[quarter - 1] - fourth[0]);
}

/* place: offset of a counter in struct bench_soak_look. */
static double verdict_growth(const struct verdict *j, size_t place)
{
	double values[BENCH_SOAK_LOOKS];

	for (unsigned i = 0; i < j->soak->count; i++)
		values[i] = (double)*(const uint64_t *)((const char *)&j->soak->looks[i] + place);
	return bench_soak_growth(values, j->soak->count);
}

static void verdict_leak(struct verdict *j, size_t place, double tolerance, bool wrong,
			 const char *what, double unit)
{
	const struct bench_soak_look *looks = j->soak->looks;
	unsigned count = j->soak->count;
	double growth = verdict_growth(j, place), time;

	if (growth <= tolerance)
		return;
	time = 2 * (looks[count - 1].seconds - looks[count - count / 4].seconds);
	verdict_say(
		j, wrong,
		"%s: %.0f more since the middle of the run, %.0f an hour, and growing all the time",
		what, growth / unit, growth / unit / (time > 0 ? time : 1) * 3600);
}

static void verdict_leaks(struct verdict *j)
{
	if (j->soak->count / 4 < VERDICT_QUARTER) {
		verdict_say(j, false, "%u looks are too few to tell whether memory grows",
			    j->soak->count);
		return;
	}
	verdict_leak(j, offsetof(struct bench_soak_look, server.memory), VERDICT_MEMORY, true,
		   "the server's memory leaks: KiB", 1024);
	verdict_leak(j, offsetof(struct bench_soak_look, client.memory), VERDICT_MEMORY, true,
		   "the client's memory leaks: KiB", 1024);
	verdict_leak(j, offsetof(struct bench_soak_look, server.descriptors), 0, true,
		     "the server leaks descriptors", 1);
	verdict_leak(j, offsetof(struct bench_soak_look, client.descriptors), 0, true,
		     "the client leaks descriptors", 1);
	verdict_leak(j, offsetof(struct bench_soak_look, server.slab), VERDICT_SLAB, false,
		   "the whole kernel's own memory grows, by whatever runs here: MiB", 1 << 20);
}

/* ---- before and after ---- */

static void verdict_descriptors(struct verdict *j, const char *who,
				const struct bench_health *before, const struct bench_health *after)
{
	/* Some may be new that the engine keeps for later use. */
	if (after->descriptors > before->descriptors + VERDICT_FILES)
		verdict_say(j, true, "%s has %llu descriptors, %llu before it had a connection",
			    who, (unsigned long long)after->descriptors,
			    (unsigned long long)before->descriptors);
}

static void verdict_counters(struct verdict *j)
{
	const uint64_t *before = j->soak->before.counters, *after = j->soak->after.counters;

	for (unsigned i = BENCH_CURRENT_TX; i <= BENCH_CURRENT_NIC_RX; i++)
		if (after[i] > before[i])
			verdict_say(j, true,
				    "%s is %llu, %llu before: the kernel still has keys of "
				    "connections that have ended",
				    bench_tls_counters[i], (unsigned long long)after[i],
				    (unsigned long long)before[i]);
	for (unsigned i = BENCH_DECRYPT_ERRORS; i <= BENCH_NO_PAD_VIOLATIONS; i++)
		if (after[i] > before[i])
			verdict_say(j, true, "%s: %llu", bench_tls_counters[i],
				    (unsigned long long)(after[i] - before[i]));
}

static void verdict_rekeys(struct verdict *j)
{
	const struct bench_soak *soak = j->soak;
	uint64_t done = soak->after.counters[BENCH_RX_REKEYS] -
			soak->before.counters[BENCH_RX_REKEYS];

	if (soak->mode->seal == BENCH_KERNEL && done < soak->updates)
		verdict_say(j, true, "of %llu KeyUpdates the kernel followed %llu",
			    (unsigned long long)soak->updates, (unsigned long long)done);
}

unsigned bench_soak_verdict(struct bench_finding out[BENCH_SOAK_FINDINGS],
			    const struct bench_soak *soak)
{
	struct verdict j = { .soak = soak, .out = out };
	char text[160];

	if (soak->error)
		verdict_say(&j, true, "after %llu requests: %s", (unsigned long long)soak->requests,
			  bench_result_error_text(soak->error, text, sizeof(text)));
	if (soak->astray)
		verdict_say(&j, true,
			    "WRONG PATH: the records of %u connections were not sealed where they "
			    "should be (%s)",
			    soak->astray, bench_seals[soak->mode->seal]);
	verdict_leaks(&j);
	verdict_descriptors(&j, "the server", &soak->before, &soak->after);
	verdict_descriptors(&j, "the client", &soak->own_before, &soak->own_after);
	verdict_counters(&j);
	verdict_rekeys(&j);
	return j.count;
}

bool bench_soak_fault(const struct bench_soak *soak)
{
	const uint64_t *before = soak->before.counters;

	if (soak->astray)
		return true;
	for (unsigned i = BENCH_DECRYPT_ERRORS; soak->count && i <= BENCH_NO_PAD_VIOLATIONS; i++)
		if (soak->looks[soak->count - 1].server.counters[i] > before[i])
			return true;
	return false;
}
