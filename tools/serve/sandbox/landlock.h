/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SANDBOX_LANDLOCK_H
#define TOOLS_SERVE_SANDBOX_LANDLOCK_H

/*
 * What a thread that talks to strangers may still do: Landlock lets it read the served folders and
 * nothing else, neither bind nor connect TCP sockets; a seccomp filter lets it start no program, look
 * into no process, make no ring; it gains no privileges. Where the kernel lacks a part the others
 * hold: isolate_announce() tells.
 *
 * The thread that reloads, opens logs and starts the next binary stays as it is.
 */

#include <stdbool.h>

struct isolate;

/* By what this kernel has. 0 or -ENOMEM. */
int isolate_new(struct isolate **out);
void isolate_free(struct isolate *isolate);
/* The folder open at fd, and all below it, may be read. Before any thread enters. 0 or -errno. */
int isolate_folder(struct isolate *isolate, int fd);
/* May threads that have entered read the folder open at fd? */
bool isolate_covers(const struct isolate *isolate, int fd);
/* The calling thread, and those it makes, from now on. NULL: nothing happens. Any number of threads. */
void isolate_enter(const struct isolate *isolate);
/* One line: what is kept from whom. NULL: nothing is. */
void isolate_announce(const struct isolate *isolate);
/* For the whole process: nobody of the same user reads its memory, and no core file has it. */
void isolate_memory(void);

#endif
