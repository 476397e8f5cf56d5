/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SANDBOX_LANDLOCK_H
#define TOOLS_SERVE_SANDBOX_LANDLOCK_H

#include <stdbool.h>

/* The folders that threads under Landlock may read. Without Landlock in the kernel they may read
 * all. */
struct landlock;

/* Nothing may be read yet. 0 or -ENOMEM. */
int landlock_new(struct landlock **out);
/* NULL is fine. */
void landlock_free(struct landlock *landlock);
/* Permit reading the folder open at fd, and all below it. Before the first landlock_restrict().
 * 0 or -errno. */
int landlock_allow(struct landlock *landlock, int fd);
/* Is the folder open at fd among the permitted ones, or below one? */
bool landlock_covers(const struct landlock *landlock, int fd);
/* Restrict the calling thread for good. It must be unable to gain privileges
 * (PR_SET_NO_NEW_PRIVS). */
void landlock_restrict(const struct landlock *landlock);

/* What this kernel's Landlock restricts. */
bool landlock_restricts_files(const struct landlock *landlock);
bool landlock_restricts_network(const struct landlock *landlock);

#endif
