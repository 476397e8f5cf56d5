/* SPDX-License-Identifier: MIT */
#ifndef LAB_ALLOCATION_H
#define LAB_ALLOCATION_H

/*
 * Lets each allocation of a scenario fail in turn. This header defines malloc() and its relatives
 * for the whole process, libraries too; a sanitizer's allocator stays behind them. A scenario runs
 * in a child, once to count, then once for each allocation that is to fail. It may then end early,
 * but must not crash, hang, leak, or report a success that is none.
 *
 * Only allocations by code of this executable are counted, and the first few of each place in it,
 * so that a short run reaches them all. With TLSRING_LAB=N libraries' fail too, N of them all at
 * most.
 */

#include <dlfcn.h>
#include <execinfo.h>
#include <sys/mman.h>
#include <time.h>
#include "tests/lab/child.h"
#include "tests/lab/lab.h"

#define ALLOCATION_DEPTH	24
#define ALLOCATION_TEST(id)	TEST_DEADLINE(id, 24 * 3600)
#define ALLOCATION_SITES	16384
#define ALLOCATION_TIMES	4	/* that each place counts */

/* Shared by the child that runs a scenario and the parent that reports. */
struct allocation {
	unsigned long count, fail_at;	/* from 1; 0: none fails */
	pid_t victim;			/* whose allocations count; 0: nobody's */
	bool every;
	bool foreign;			/* it was a library's that failed */
	int depth;
	void *stack[ALLOCATION_DEPTH];	/* of the one that failed */
	unsigned times[ALLOCATION_SITES];	/* that a caller was counted, by its address */
};

static struct allocation *allocation;
extern char __executable_start, etext;

const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);
void *__interceptor_malloc(size_t size) __attribute__((weak));
void *__interceptor_calloc(size_t count, size_t size) __attribute__((weak));
void *__interceptor_realloc(void *old, size_t size) __attribute__((weak));
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static inline bool allocation_foreign(const char *caller)
{
	return caller < &__executable_start || caller >= &etext;
}

/* Does one more of this caller's count? Where two meet in the table they share their times. */
static inline bool allocation_counts(struct allocation *a, const char *caller)
{
	unsigned i = (unsigned)(caller - &__executable_start) % ALLOCATION_SITES;

	return !allocation_foreign(caller) &&
	       __atomic_fetch_add(&a->times[i], 1, __ATOMIC_RELAXED) < ALLOCATION_TIMES;
}

static inline bool allocation_fails(const char *caller)
{
	struct allocation *a = allocation;

	if (!a || __atomic_load_n(&a->victim, __ATOMIC_RELAXED) != getpid())
		return false;
	if (!a->every && !allocation_counts(a, caller))
		return false;
	if (__atomic_add_fetch(&a->count, 1, __ATOMIC_RELAXED) != a->fail_at)
		return false;
	__atomic_store_n(&a->victim, 0, __ATOMIC_RELAXED);
	a->foreign = allocation_foreign(caller);
	a->depth = backtrace(a->stack, ALLOCATION_DEPTH);
	errno = ENOMEM;
	return true;
}

#define ALLOCATION_FAILS() allocation_fails(__builtin_return_address(0))

/* Libraries find them here, not in libc. */
#pragma GCC visibility push(default)

void *malloc(size_t size)
{
	if (ALLOCATION_FAILS())
		return NULL;
	return __interceptor_malloc ? __interceptor_malloc(size) : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	if (ALLOCATION_FAILS())
		return NULL;
	if (__interceptor_calloc)
		return __interceptor_calloc(count, size);
	return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	if (ALLOCATION_FAILS())
		return NULL;
	return __interceptor_realloc ? __interceptor_realloc(old, size) : __libc_realloc(old, size);
}

char *strndup(const char *text, size_t max)
{
	size_t len = strnlen(text, max);
	char *copy = ALLOCATION_FAILS() ? NULL :
		__interceptor_malloc ? __interceptor_malloc(len + 1) : __libc_malloc(len + 1);

	if (copy) {
		memcpy(copy, text, len);
		copy[len] = '\0';
	}
	return copy;
}

char *strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = ALLOCATION_FAILS() ? NULL :
		__interceptor_malloc ? __interceptor_malloc(size) : __libc_malloc(size);

	return copy ? memcpy(copy, text, size) : NULL;
}

/* LeakSanitizer forgives the dynamic linker only where that calls its own malloc(). */
const char *__lsan_default_suppressions(void)
{
	return "leak:ld-linux\nleak:_dl_map_object_deps\n";
}

const char *__lsan_default_options(void)
{
	return "print_suppressions=0";
}

/* No status of a program's own. */
const char *__asan_default_options(void)
{
	return "exitcode=86";
}

const char *__ubsan_default_options(void)
{
	return "exitcode=86";
}

#pragma GCC visibility pop

/* From here on allocations of that process count. */
static inline void allocation_arm(pid_t victim)
{
	__atomic_store_n(&allocation->victim, victim, __ATOMIC_RELAXED);
}

static inline void allocation_disarm(void)
{
	allocation_arm(0);
}

/* Did the allocation fail that was to? Then a call's failure is none of the scenario. */
static inline bool allocation_failed(void)
{
	return allocation->depth;
}

/* May it have done lasting harm? OpenSSL never again finds an algorithm that it could not load. */
static inline bool allocation_harmed(void)
{
	return allocation->foreign;
}

/* Ends the process that suffered. Where a library's own allocation failed its leaks are its own. */
static inline void allocation_exit(int status)
{
	allocation_disarm();
	fflush(stdout);
	allocation->foreign ? _exit(status) : exit(status);
}

static inline void allocation_report(int status)
{
	char **names = backtrace_symbols(allocation->stack, allocation->depth);

	printf("# allocation %lu failed, then %s %d; it was of\n", allocation->fail_at,
	       WIFSIGNALED(status) ? "signal" : "status",
	       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	for (int i = 1; names && i < allocation->depth; i++)
		printf("#   %s\n", names[i]);
	free(names);
}

static inline void allocation_body(const void *scenario)
{
	(*(void (*const *)(void))scenario)();
	allocation_exit(0);
}

/* The n-th allocation fails; false: there were fewer. */
static inline bool allocation_run(void (*scenario)(void), unsigned long n, int *failures)
{
	int status;

	*allocation = (struct allocation){ .fail_at = n, .every = getenv("TLSRING_LAB") };
	status = child_run(allocation_body, &scenario);
	if (status) {
		allocation_report(status);
		++*failures;
	}
	return !n || allocation->depth;
}

/* At most `most` runs, or as many as TLSRING_LAB says, spread evenly. */
static inline void allocation_each(void (*scenario)(void), unsigned long most)
{
	const char *lab = getenv("TLSRING_LAB");
	unsigned long total, step;
	void *stack[1];
	int failures = 0, runs = 0;

	backtrace(stack, 1);	/* it loads a library the first time */
	allocation = mmap(NULL, sizeof(*allocation), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(allocation != MAP_FAILED);
	allocation_run(scenario, 0, &failures);
	EQ(failures, 0);
	total = allocation->count;
	CHECK(total);
	if (lab)
		most = strtoul(lab, NULL, 10);
	step = (total + most - 1) / most;
	for (unsigned long n = 1; n <= total && failures < 20; n += step, runs++)
		if (!allocation_run(scenario, n, &failures))
			break;
	printf("# %d of %lu allocations failed, one at a time\n", runs, total);
	EQ(failures, 0);
}

static inline bool lab_failed(void)
{
	return allocation_failed();
}

static inline bool lab_harmed(void)
{
	return allocation_harmed();
}

static inline void lab_arm(pid_t victim)
{
	allocation_arm(victim);
}

static inline void lab_exit(int status)
{
	allocation_exit(status);
}

static inline void lab_each(void (*scenario)(void), unsigned long most)
{
	allocation_each(scenario, most);
}

#endif
