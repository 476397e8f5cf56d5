/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_GET_PROGRESS_H
#define TOOLS_GET_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#define PROGRESS_UNKNOWN	UINT64_MAX

/* A line at the bottom of a terminal: how much of a file has arrived. */
struct progress {
	const char *name;	/* of the file, the caller's; NULL: no file is being fetched */
	uint64_t begun;		/* bytes of an earlier run */
	uint64_t done, total;	/* bytes; total may be PROGRESS_UNKNOWN */
	uint64_t last;		/* `done` when the rate was sampled */
	double start, sampled;	/* seconds of the monotonic clock */
	double rate;		/* bytes per second, smoothed */
	bool on;		/* the line may be shown */
	bool shown;		/* it is on the screen */
};

void progress_init(struct progress *progress, bool on);
void progress_start(struct progress *progress, const char *name, uint64_t done, uint64_t total);
/* Show the line with `done` bytes. */
void progress_update(struct progress *progress, uint64_t done);
/* Clear the line, so that a message can be printed. */
void progress_hide(struct progress *progress);
/* The file ended; prints a summary if it is done. */
void progress_end(struct progress *progress, bool done);

#endif
