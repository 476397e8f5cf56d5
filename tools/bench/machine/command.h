/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_MACHINE_COMMAND_H
#define TOOLS_BENCH_MACHINE_COMMAND_H

/* Commands of a shell. */
#include <stddef.h>

/* Appended to PATH: where administrators' programs are. */
#define BENCH_COMMAND_PATH	":/usr/local/sbin:/usr/sbin:/sbin"
#define BENCH_COMMAND_MISSING	127	/* exit status: there is no such program */

/* Run a command of up to 400 bytes. Its exit status, or -errno; buf: the start of what it printed.
 */
int bench_command_run(const char *command, char *buf, size_t room);

#endif
