/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SERVER_CHILD_H
#define TOOLS_BENCH_SERVER_CHILD_H

/* Inside the server's process: its state, and what it reports to the parent. */
#include <pthread.h>
#include "tools/bench/server/report.h"
#include "tools/bench/types.h"

struct hdr_histogram;

/* One for each thread; the first thread's is the whole. */
struct bench_child {
	const struct bench_setup *setup;
	const struct bench_mode *mode;
	struct bench_child *whole;
	pthread_mutex_t lock;		/* of the whole: for report and installs */
	int listeners[BENCH_THREADS_MAX];	/* of the whole: one for each thread */
	int listener;			/* of this thread */
	/* of the whole: questions; of other threads: closed at the end */
	int control;
	struct tlsring_ctx *ctx;	/* NULL: the mode does without the library */
	struct bench_counters counters;	/* of the process that serves */
	/* serves instead, and leads a process group of its own; 0: none */
	pid_t program;
	/* Fills in CPU time and, of idle connections, memory. 0 or -errno; NULL: of this process.
	 */
	int (*usage)(struct bench_child *child);
	struct bench_report report;
	struct hdr_histogram *installs;	/* owned; NULL: the mode does not tell */
	bool rekeys;			/* in a soak: the server can change keys */
	/* of the whole: CPU nanoseconds that do not count as serving */
	_Atomic uint64_t spent;
	_Atomic uint64_t next;		/* of the whole: of the copies on a disk */
	bool compared;			/* the first upload with the file */
};

/* The control socket is readable. True: a question, which has been answered; false: the end. */
bool bench_child_asked(struct bench_child *child);
/* Bytes of an upload, at this offset. Compares the first upload, which is never measured, with the
 * file. False: they differ, and the report says so. */
bool bench_child_received(struct bench_child *child, uint64_t at, const void *data, size_t len);
/* Count where the keys of a new connection went. */
void bench_child_opened(struct bench_child *child, const struct tlsring_info *info);
/* The copy that the next answer is sent from. On a disk, its pages have been dropped. */
struct bench_copy bench_child_copy(const struct bench_child *child);

#endif
