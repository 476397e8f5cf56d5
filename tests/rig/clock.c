// SPDX-License-Identifier: MIT
/* Prints how many thousand times a second this processor's time stamp counter ticks. */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

struct moment {
	uint64_t ticks, nsecs;
};

/* On a busy machine much can come between the two: the closest of many pairs. */
static struct moment now(void)
{
	struct moment best = { 0 };
	uint64_t closest = UINT64_MAX;

	for (int i = 0; i < 1000; i++) {
		uint64_t before = __rdtsc(), after;
		struct timespec ts;

		clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
		after = __rdtsc();
		if (after - before >= closest)
			continue;
		closest = after - before;
		best.ticks = before + closest / 2;
		best.nsecs = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
	}
	return best;
}

int main(void)
{
	struct moment start = now(), end;

	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	end = now();
	printf("%.0f\n", (double)(end.ticks - start.ticks) * 1e6 / (double)(end.nsecs - start.nsecs));
	return 0;
}
