/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_MACHINE_COUNTERS_H
#define TOOLS_BENCH_MACHINE_COUNTERS_H

/* What the processor counts for a server, where it does and this user may ask: cycles and instructions by
 * perf events, traffic of memory by resctrl. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define BENCH_RESCTRL	"/sys/fs/resctrl"

enum bench_counter { BENCH_COUNT_CYCLES = 0, BENCH_COUNT_INSTRUCTIONS, BENCH_COUNT_MEMORY, BENCH_COUNTERS };

struct bench_counted {
	uint64_t values[BENCH_COUNTERS];	/* since they were opened; of memory: bytes */
	bool there[BENCH_COUNTERS];
};

struct bench_counters {
	int events[BENCH_COUNT_MEMORY];	/* owned, of the counters before memory; -1: none */
	char group[64];			/* owned: a folder of resctrl's; "": none */
};
/* Of a process, all threads and processes that it starts from now on; on_exec: events from its next exec() on. */
void bench_counters_open(struct bench_counters *counters, pid_t pid, bool on_exec);
void bench_counters_read(const struct bench_counters *counters, struct bench_counted *out);
void bench_counters_close(struct bench_counters *counters);

/* Whether there are any here, or why not: a sentence for people, static. */
const char *bench_counters_events(void);
const char *bench_counters_memory(const char *base);

/* ---- inside ---- */

/* An event's count, for all of the time it was to count in. False: it never did, or cannot be read. */
bool bench_event_read(int fd, uint64_t *out);
/* Bytes, by all memory controllers, of a group's folder. False: one of them does not say. */
bool bench_resctrl_read(const char *group, uint64_t *out);
/* A group of this process in resctrl, base, under that name. False: none. */
bool bench_resctrl_open(char *group, size_t room, const char *base, const char *name, pid_t pid);

#endif
