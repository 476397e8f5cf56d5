/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_MACHINE_PROCFS_H
#define TOOLS_BENCH_MACHINE_PROCFS_H

/* Text files of the kernel's, in /proc and /sys. */
#include <stdint.h>

#define BENCH_PROCFS_LINE	256

/* The first line of a file; "unknown" if there is none. Returns buf. */
const char *bench_procfs_line(const char *path, char buf[BENCH_PROCFS_LINE]);
/* "FIELD: value", a number; 0: there is no such line. */
uint64_t bench_procfs_field(const char *path, const char *field);
/* A column of a table whose rows stand below a row of names, such as /proc/net/snmp's; 0: none. */
uint64_t bench_procfs_column(const char *path, const char *row, const char *column);
/* "model name : X" of /proc/cpuinfo and the like; "unknown" if there is no such line. Returns buf.
 */
const char *bench_procfs_cpu(const char *field, char buf[BENCH_PROCFS_LINE]);

#endif
