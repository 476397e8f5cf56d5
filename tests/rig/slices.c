// SPDX-License-Identifier: MIT
/*
 * slices COMMAND...: runs it with long slices of processor time, where this kernel grants such wishes (6.12).
 *
 * The code that an emulator has translated fills a processor's caches: where more of them run than there are
 * processors, each switch costs what it takes to fill them again. Four on two processors, each doing what one
 * does in 54 s of processor time by itself, took 80 s each; with slices of 100 ms, 47 s.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/sched.h>
#include <linux/sched/types.h>

#define SLICE	100000000	/* nanoseconds; the most there is */

int main(int argc, char **argv)
{
	struct sched_attr wish = {
		.size = sizeof(wish), .sched_policy = SCHED_BATCH, .sched_runtime = SLICE,
		.sched_nice = getpriority(PRIO_PROCESS, 0),
	};

	if (argc < 2)
		return 2;
	/* Without it everything works as well. */
	syscall(SYS_sched_setattr, 0, &wish, 0);
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}
