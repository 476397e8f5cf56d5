/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SERVER_SERVER_H
#define TOOLS_BENCH_SERVER_SERVER_H

/* The server of one run: a process of its own, so that its CPU time is its alone. */
#include <pthread.h>
#include <sys/socket.h>
#include <sys/types.h>
#include "tools/bench/types.h"
#include "tools/bench/machine/health.h"
#include "tools/bench/client/samples.h"

/* Keys that the kernel was given for new connections, since the question before: nanoseconds for both directions. */
struct bench_installs {
	uint64_t count, mean, p50, p99;
};

struct bench_report {
	int result;			/* 0, or why it cannot serve */
	uint64_t cpu;			/* nanoseconds, of all its threads, and the kernel's in them */
	uint64_t memory;		/* bytes of its own, with idle connections */
	uint64_t disk;			/* bytes that it has read from disks, where the file is on one */
	unsigned paths[TLSRING_PATH_FAILED + 1];	/* of its connections, as the library says: the way that is measured */
	struct bench_installs installs;
	struct bench_health health;	/* in a soak */
	enum tlsring_reason why;	/* a connection's is not in the kernel */
	enum bench_lack lack;
	struct bench_counted counted;
};

struct bench_server {
	pid_t pid;
	int control;			/* owned */
	int far;			/* borrowed: the control connection to where it is; -1: it is here */
	struct sockaddr_storage address;	/* it listens on: the first of its ports */
	unsigned ports;
	enum bench_direction direction;	/* of what is measured */
};
/* 0 or -errno; bench_server_stop() in any case. */
int bench_server_start(struct bench_server *server, const struct bench_setup *setup, const struct bench_mode *mode);
int bench_server_ask(const struct bench_server *server, struct bench_report *report);
void bench_server_stop(struct bench_server *server);

/* ---- inside it ---- */

struct bench_child {
	const struct bench_setup *setup;
	const struct bench_mode *mode;
	struct bench_child *whole;	/* whose thread this is; of the first one: itself */
	pthread_mutex_t lock;		/* of the whole: for report and installs */
	int listeners[BENCH_THREADS_MAX];	/* of the whole: for each thread */
	int listener, control;		/* of this thread; others than the first are told only of the end */
	struct tlsring_ctx *ctx;	/* NULL: the mode does without the library */
	struct bench_counters counters;	/* of who serves */
	pid_t program;			/* serves in its place, and leads a process group of its own; 0: none */
	struct bench_report report;
	struct hdr_histogram *installs;	/* owned; NULL: the mode does not tell */
	bool rekeys;			/* in a soak: the server can change keys */
	_Atomic uint64_t spent;		/* of the whole: CPU nanoseconds, on answering questions and dropping copies */
	_Atomic uint64_t next;		/* of the whole: of the copies on a disk */
	bool compared;			/* the first that it was sent with the file */
};
/* The control socket is readable: true when it was a question, which is answered now; false: the end. */
bool bench_child_asked(struct bench_child *child);
/*
 * These bytes came of a message, behind so many others. The first message of a run, which is never measured, is compared
 * with the file byte by byte. False: they are wrong, and the report says so.
 */
bool bench_child_received(struct bench_child *child, uint64_t at, const void *data, size_t len);
/* What has become of a connection whose handshake is done. */
void bench_child_note(struct bench_child *child, const struct tlsring_info *info);
/* What the next answer is sent from; if that is on a disk, nothing of it is in memory. */
struct bench_copy bench_child_copy(const struct bench_child *child);
/* Serve by as many threads as there are to be, each by serve() with a child of its own, until the first one's end. */
int bench_threads_serve(struct bench_child *child, int (*serve)(struct bench_child *child));
/* Serve until the end. 0 or -errno. */
int bench_loop_serve(struct bench_child *child);
int bench_engine_serve(struct bench_child *child);
int bench_program_serve(struct bench_child *child);
/* Its CPU time and, of idle connections, memory: into the report. 0 or -errno. */
int bench_program_usage(struct bench_child *child);

/* ---- bench_cold.c ---- */

/* Put copies of setup's file on a disk. 0, or TOOLS_FAILED after a word on standard error; close in any case. */
int bench_cold_open(struct bench_setup *setup);
void bench_cold_close(struct bench_setup *setup);
/* Bytes that this process has read from disks. */
uint64_t bench_cold_read(void);

#endif
