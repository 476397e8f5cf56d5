/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_STAT_PROCESS_H
#define TOOLS_STAT_PROCESS_H

#include <stddef.h>
#include <stdint.h>

/* Call each() for every socket of every process whose /proc/PID/fd this user may read. */
void process_each_socket(void (*each)(uint64_t inode, int pid, void *user), void *user);
/* Write the name of a process, printable characters only; "" when it is gone. */
void process_name(int pid, char *out, size_t len);

#endif
