/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SERVER_SERVER_H
#define TOOLS_BENCH_SERVER_SERVER_H

/* The server of one run: a process of its own, so that its CPU time can be told from the client's.
 */
#include <sys/types.h>
#include "tools/bench/server/report.h"
#include "tools/bench/types.h"

struct bench_server {
	pid_t pid;
	int control;			/* owned */
	const struct bench_server_ops *elsewhere;	/* NULL: it runs on this machine */
	int remote;			/* borrowed: the agent's control connection; -1: none */
	struct sockaddr_storage address;	/* of the first of its ports */
	unsigned ports;
	enum bench_direction direction;	/* that is measured */
};

/* 0 or -errno; bench_server_stop() in any case. */
int bench_server_start(struct bench_server *server, const struct bench_setup *setup,
		       const struct bench_mode *mode);
int bench_server_ask(const struct bench_server *server, struct bench_report *report);
void bench_server_stop(struct bench_server *server);

struct bench_snapshot;

/* Servers that an agent runs: what the functions above, and bench_snapshot_take(), do instead. */
struct bench_server_ops {
	int (*start)(struct bench_server *server, const struct bench_setup *setup,
		     const struct bench_mode *mode);
	int (*ask)(const struct bench_server *server, struct bench_report *report);
	int (*take)(const struct bench_server *server, struct bench_snapshot *out);
	void (*stop)(const struct bench_server *server);
};

#endif
