/* SPDX-License-Identifier: MIT */
#ifndef LAB_COMPLETION_H
#define LAB_COMPLETION_H

/*
 * Lets the completion of each ring operation of a scenario fail in turn, or be short. A scenario
 * runs in a child, once to count the operations, then once for each operation and each way to
 * fail. It must not crash, hang, leak, lose a byte, or report a success that is none. TLSRING_LAB=N
 * sets how many operations are chosen, evenly spread.
 */

#include <sys/mman.h>
#include "tests/lab/child.h"
#include "tests/lab/lab.h"
#include "tests/uring/shim.h"
#include "uring/caps.h"

#define COMPLETION_TEST(id)	TEST_DEADLINE(id, 24 * 3600)

/* What the operations of this process are to meet. 0: they are short. */
static const int completion_errors[] = { -ENOMEM, -ECANCELED, -EAGAIN, -EINTR, -EIO, 0 };

#define COMPLETION_ERRORS	(sizeof(completion_errors) / sizeof(completion_errors[0]))

static inline void completion_needs_ring(void)
{
	struct uring_caps caps = uring_probe();

	if (!caps.ring || !caps.multishot_recv)
		SKIP("io_uring may not be used here");
}

/* Did the operation fail that was to? */
static inline bool completion_failed(void)
{
	return shim->hit && shim->error;
}

static inline void completion_body(const void *scenario)
{
	(*(void (*const *)(void))scenario)();
}

static inline void completion_run(void (*scenario)(void), unsigned target, int error, int *failures)
{
	int status;

	*shim = (struct shim){ .target = target, .error = error };
	status = child_run(completion_body, &scenario);
	if (!status)
		return;
	printf("# operation %u (opcode %u) %s%s, then %s %d\n", target, shim->opcode,
	       error ? "failed: " : "was short", error ? strerror(-error) : "",
	       WIFSIGNALED(status) ? "signal" : "status",
	       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	++*failures;
}

static inline void completion_each(void (*scenario)(void), unsigned most)
{
	const char *lab = getenv("TLSRING_LAB");
	unsigned total, step, runs = 0, hits = 0;
	int failures = 0;

	shim = mmap(NULL, sizeof(*shim), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(shim != MAP_FAILED);
	completion_run(scenario, 0, 0, &failures);
	EQ(failures, 0);
	total = shim->operations;
	CHECK(total);
	if (lab)
		most = (unsigned)strtoul(lab, NULL, 10);
	step = (total + most - 1) / most;
	for (unsigned n = 1; n <= total && failures < 20; n += step)
		for (size_t i = 0; i < COMPLETION_ERRORS; i++, runs++) {
			completion_run(scenario, n, completion_errors[i], &failures);
			hits += shim->hit;
		}
	printf("# %u of %u runs over %u operations met a failure\n", hits, runs, total);
	EQ(failures, 0);
	CHECK(hits > runs / 2);
}

static inline bool lab_failed(void)
{
	return completion_failed();
}

static inline bool lab_harmed(void)
{
	return false;
}

/* Operations are counted from the start. */
static inline void lab_arm(pid_t victim)
{
	(void)victim;
}

static inline void lab_exit(int status)
{
	fflush(stdout);
	exit(status);
}

static inline void lab_each(void (*scenario)(void), unsigned long most)
{
	completion_each(scenario, (unsigned)most);
}

#endif
