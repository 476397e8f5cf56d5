// SPDX-License-Identifier: MIT
#include <string.h>
#include "bench_histogram.h"

#define HISTOGRAM_SHIFT	10	/* of BENCH_HISTOGRAM_STEPS */

_Static_assert(1 << HISTOGRAM_SHIFT == BENCH_HISTOGRAM_STEPS, "the steps of a power of two");

/* Values below two powers' steps have one of their own; each power above has steps twice as wide. */
static unsigned histogram_step(uint64_t value)
{
	unsigned width;

	if (value >> BENCH_HISTOGRAM_BITS)
		return BENCH_HISTOGRAM_ROOM - 1;
	if (value < 2 * BENCH_HISTOGRAM_STEPS)
		return (unsigned)value;
	width = 63 - HISTOGRAM_SHIFT - (unsigned)__builtin_clzll(value);
	return width * BENCH_HISTOGRAM_STEPS + (unsigned)(value >> width);
}

/* The highest value that has this step. */
static uint64_t histogram_value(unsigned step)
{
	unsigned width;

	if (step < 2 * BENCH_HISTOGRAM_STEPS)
		return step;
	width = step / BENCH_HISTOGRAM_STEPS - 1;
	return ((uint64_t)(step % BENCH_HISTOGRAM_STEPS + BENCH_HISTOGRAM_STEPS + 1) << width) - 1;
}

void bench_histogram_clear(struct bench_histogram *h)
{
	memset(h, 0, sizeof(*h));
}

void bench_histogram_add(struct bench_histogram *h, uint64_t value)
{
	h->steps[histogram_step(value)]++;
	h->count++;
	h->total += value;
	h->max = value > h->max ? value : h->max;
}

void bench_histogram_merge(struct bench_histogram *into, const struct bench_histogram *from)
{
	for (unsigned step = 0; step < BENCH_HISTOGRAM_ROOM; step++)
		into->steps[step] += from->steps[step];
	into->count += from->count;
	into->total += from->total;
	into->max = from->max > into->max ? from->max : into->max;
}

uint64_t bench_histogram_percentile(const struct bench_histogram *h, double percent)
{
	/* Rounded up, but 99.9 percent of 1,000 is a little more than 999 in binary. */
	double exact = percent / 100 * (double)h->count - 1e-6;
	uint64_t rank = exact > 0 ? (uint64_t)exact + 1 : 1, seen = 0, value;

	for (unsigned step = 0; step < BENCH_HISTOGRAM_ROOM; step++) {
		seen += h->steps[step];
		if (seen < rank)
			continue;
		value = histogram_value(step);
		return value < h->max ? value : h->max;
	}
	return h->max;
}
