/* SPDX-License-Identifier: MIT */
#ifndef LAB_CHILD_H
#define LAB_CHILD_H

#include "tests/ktap.h"

#define CHILD_SECONDS	120	/* until it counts as hung */

/* Runs body in a process of its own; returns its status, as waitpid() has it. */
static inline int child_run(void (*body)(const void *user), const void *user)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	CHECK(child >= 0);
	if (!child) {
		alarm(CHILD_SECONDS);
		body(user);
		fflush(stdout);
		exit(0);
	}
	EQ(waitpid(child, &status, 0), child);
	return status;
}

#endif
