/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_GET_PROGRESS_H
#define TOOLS_GET_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#define PROGRESS_UNKNOWN	UINT64_MAX

/* One line at a terminal's bottom that says how far a file has come. */
struct progress {
	const char *name;	/* the caller's; NULL: nothing under way */
	uint64_t begun;		/* bytes that were there before */
	uint64_t done, total;	/* total may be unknown */
	uint64_t last;		/* done at the last look */
	double start, looked;	/* seconds */
	double rate;		/* bytes a second, of late */
	bool on, shown;
};

/* on: it may be shown at all. */
void progress_init(struct progress *progress, bool on);
void progress_start(struct progress *progress, const char *name, uint64_t done, uint64_t total);
/* Show how far it is now. */
void progress_look(struct progress *progress, uint64_t done);
/* Make room for a line of text. */
void progress_hide(struct progress *progress);
/* Nothing is under way any more; with a last line if it is done. */
void progress_end(struct progress *progress, bool done);

#endif
