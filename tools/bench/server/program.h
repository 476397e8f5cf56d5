/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SERVER_PROGRAM_H
#define TOOLS_BENCH_SERVER_PROGRAM_H

/*
 * Other servers in the place of ours: a program as its users run it, started, asked and ended by the server's
 * process of bench. Its configuration, certificate and the file are in a folder of their own.
 */
#include <limits.h>
#include "tools/bench/server/server.h"

#define BENCH_PROGRAM_ADDRESS	64

struct bench_program_files {
	char dir[PATH_MAX - 16];	/* "": none */
	char address[BENCH_PROGRAM_ADDRESS];	/* to listen on: ADDR:PORT, [ADDR]:PORT */
	uint16_t port;			/* the same */
	char threads[12];		/* or workers */
};
/* In TMPDIR, or in memory where there is room. The address is child's listener's. 0 or -errno; remove in any case. */
int bench_program_files_make(struct bench_program_files *files, const struct bench_child *child);
void bench_program_files_remove(struct bench_program_files *files);

/* Where users' PATH ends, administrators' programs are looked for too. */
#define BENCH_PROGRAM_PATH	":/usr/local/sbin:/usr/sbin:/sbin"
#define BENCH_PROGRAM_MISSING	127	/* an exit status: the program is not there, as shells say it */
/* Runs a shell's command, of up to 400 bytes: its exit status, or -errno; buf: the first bytes of what it says. */
int bench_program_says(const char *command, char *buf, size_t room);

/* Which there are, and their versions: a new object. */
struct json_t *bench_program_versions(void);

#endif
