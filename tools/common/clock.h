/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_COMMON_CLOCK_H
#define TOOLS_COMMON_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds of a clock, such as CLOCK_MONOTONIC. */
static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Room for "2026-12-01T11:35:00Z". */
#define CLOCK_ISO	32
/* Write a time in UTC as ISO 8601 has it; "" for a time without a date. Returns buf. The first 10
 * characters are the day. */
const char *clock_iso(time_t when, char buf[CLOCK_ISO]);

#endif
