/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SANDBOX_SANDBOX_H
#define TOOLS_SERVE_SANDBOX_SANDBOX_H

/*
 * The sandbox of threads that talk to strangers. Landlock lets them read the served folders and
 * nothing else, and neither bind nor connect TCP sockets; a seccomp filter permits the system calls
 * that serving takes, and no other; they gain no privileges. Where the kernel
 * lacks one part the others still hold, and sandbox_announce() says so.
 *
 * The thread that reloads, opens logs and starts the next binary stays outside.
 */

struct landlock;

/* Put the calling thread, and all threads that it makes, into the sandbox for good. NULL: does
 * nothing. Any number of threads. */
void sandbox_enter(const struct landlock *landlock);
/* The same for a thread that needs no served folder: it may read `folder` only, or nothing if
 * that is NULL. The folder stays open for good. */
void sandbox_enter_alone(const char *folder);
/* Log one line: what the sandbox keeps from the threads in it. NULL: there is no sandbox. */
void sandbox_announce(const struct landlock *landlock);
/* Keep this process's memory from other processes of the same user, and from core files. */
void sandbox_protect_memory(void);

#endif
