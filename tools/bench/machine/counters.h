/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_MACHINE_COUNTERS_H
#define TOOLS_BENCH_MACHINE_COUNTERS_H

/* The processor's counters of a process, where there are any and this user may read them: cycles
 * and instructions by perf events, memory traffic by resctrl. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define BENCH_RESCTRL	"/sys/fs/resctrl"

enum bench_counter { BENCH_COUNT_CYCLES = 0, BENCH_COUNT_INSTRUCTIONS, BENCH_COUNT_MEMORY,
		     BENCH_COUNTERS };

struct bench_counted {
	uint64_t values[BENCH_COUNTERS];	/* since they were opened; memory: bytes */
	bool there[BENCH_COUNTERS];
};

struct bench_counters {
	int events[BENCH_COUNT_MEMORY];	/* owned: cycles and instructions; -1: none */
	char group[64];			/* owned: a folder of resctrl; "": none */
};
/* Count a process with all threads and processes that it starts from now on. on_exec: events count
 * from its next exec() on. */
void bench_counters_open(struct bench_counters *counters, pid_t pid, bool on_exec);
void bench_counters_read(const struct bench_counters *counters, struct bench_counted *out);
void bench_counters_close(struct bench_counters *counters);

/* "counted", or why not: a sentence for people, static. */
const char *bench_counters_events(void);
const char *bench_counters_memory(const char *base);

/* ---- parts of it, for tests ---- */

/* An event's count, scaled to all of the time. False: it never counted, or cannot be read. */
bool bench_event_read(int fd, uint64_t *out);
/* Bytes of a group, summed over memory controllers. False: one of them does not tell. */
bool bench_resctrl_read(const char *group, uint64_t *out);
/* Make a group of this name under base, and move a process into it. False: there is none. */
bool bench_resctrl_open(char *group, size_t room, const char *base, const char *name, pid_t pid);

#endif
