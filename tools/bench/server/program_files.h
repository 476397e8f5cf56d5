/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_SERVER_PROGRAM_FILES_H
#define TOOLS_BENCH_SERVER_PROGRAM_FILES_H

/* Another server's configuration, certificate and file, in a folder of their own. */
#include <limits.h>
#include "tools/bench/server/child.h"

#define BENCH_PROGRAM_ADDRESS	64

struct bench_program_files {
	char dir[PATH_MAX - 16];	/* "": none */
	char address[BENCH_PROGRAM_ADDRESS];	/* to listen on: ADDR:PORT, [ADDR]:PORT */
	uint16_t port;			/* of address */
	char threads[12];		/* or workers */
	char connections[12];		/* the most that are to be accepted */
};

/* In TMPDIR, /dev/shm or /tmp. Takes the address of child's listener. 0 or -errno; remove in any
 * case. */
int bench_program_files_make(struct bench_program_files *files, const struct bench_child *child);
void bench_program_files_remove(struct bench_program_files *files);

#endif
