/* SPDX-License-Identifier: MIT */
#ifndef KTAP_H
#define KTAP_H

/*
 * The whole test harness: each TEST(name) { ... } of a program runs in a child of its own, in
 * the order of the file, with a deadline that only a hang can reach; results are printed as KTAP
 * version 1. Inside a test, CHECK(), EQ() and friends end it at the first failure; SKIP() says
 * what is missing. A crash, a sanitizer's report or a leak found at exit fails the test.
 */

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define KTAP_SKIP_STATUS	4	/* kselftest's KSFT_SKIP */
#define KTAP_DEADLINE		300	/* seconds until a test counts as hung */

struct ktap_test {
	const char *name;
	void (*run)(void);
	struct ktap_test *next;
	unsigned deadline;
	bool in_full;		/* not with TLSRING_SHORT */
};

static struct ktap_test *ktap_first, **ktap_last = &ktap_first;

static inline void ktap_add(struct ktap_test *test)
{
	*ktap_last = test;
	ktap_last = &test->next;
}

#define KTAP_TEST(id, secs, full)						\
	static void ktap_run_##id(void);					\
	static struct ktap_test ktap_test_##id = {				\
		.name = #id, .run = ktap_run_##id, .deadline = (secs), .in_full = (full) }; \
	__attribute__((constructor)) static void ktap_add_##id(void)		\
	{ ktap_add(&ktap_test_##id); }						\
	static void ktap_run_##id(void)
#define TEST_DEADLINE(id, secs) KTAP_TEST(id, secs, false)
#define TEST(id) TEST_DEADLINE(id, KTAP_DEADLINE)
/* What no kernel changes: where a check is short, the machine that builds shows it. */
#define TEST_IN_FULL(id) KTAP_TEST(id, KTAP_DEADLINE, true)

__attribute__((format(printf, 2, 3), noreturn))
static inline void ktap_end(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("# ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
	fflush(stdout);
	_exit(status);
}

#define SKIP(...) ktap_end(KTAP_SKIP_STATUS, __VA_ARGS__)
#define FAIL(...) ktap_end(1, __VA_ARGS__)
#define CHECK(condition)							\
	do {									\
		if (!(condition))						\
			ktap_end(1, "%s:%d: %s (errno %d)", __FILE__, __LINE__, #condition, errno); \
	} while (0)
#define EQ(a, b)								\
	do {									\
		long long ktap_a = (long long)(a), ktap_b = (long long)(b);	\
		if (ktap_a != ktap_b)						\
			ktap_end(1, "%s:%d: %s is %lld, expected %s = %lld",	\
				 __FILE__, __LINE__, #a, ktap_a, #b, ktap_b);	\
	} while (0)
#define EQ_STR(a, b)								\
	do {									\
		const char *ktap_a = (a), *ktap_b = (b);			\
		if (strcmp(ktap_a, ktap_b))					\
			ktap_end(1, "%s:%d: %s is \"%s\", expected \"%s\"",	\
				 __FILE__, __LINE__, #a, ktap_a, ktap_b);	\
	} while (0)
#define EQ_MEM(a, b, len)							\
	do {									\
		if (memcmp((a), (b), (len)))					\
			ktap_end(1, "%s:%d: %s differs from %s", __FILE__, __LINE__, #a, #b); \
	} while (0)

/* Each child's notes are read back so that a skip's reason stands on its result line. */
static inline int ktap_run_one(const struct ktap_test *test, char *why, size_t room)
{
	int fds[2], status;
	ssize_t got;
	size_t used = 0;
	pid_t child;

	if (pipe(fds))
		return 1;
	fflush(stdout);
	child = fork();
	if (child < 0)
		return 1;
	if (!child) {
		alarm(test->deadline);
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		setvbuf(stdout, NULL, _IOLBF, 0);	/* a crash must not take the notes along */
		test->run();
		fflush(stdout);
		exit(0);
	}
	close(fds[1]);
	why[0] = '\0';
	for (;;) {
		char piece[512];

		got = read(fds[0], piece, sizeof(piece));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		fwrite(piece, 1, (size_t)got, stdout);
		fflush(stdout);
		if (used + (size_t)got < room) {
			memcpy(why + used, piece, (size_t)got);
			used += (size_t)got;
			why[used] = '\0';
		}
	}
	close(fds[0]);
	waitpid(child, &status, 0);
	if (WIFSIGNALED(status)) {
		printf("# ended by signal %d%s\n", WTERMSIG(status),
		       WTERMSIG(status) == SIGALRM ? " (hung)" : "");
		return 1;
	}
	return WEXITSTATUS(status);
}

static inline const char *ktap_last_line(char *text)
{
	char *end = text + strlen(text), *start;

	while (end > text && end[-1] == '\n')
		*--end = '\0';
	start = strrchr(text, '\n');
	start = start ? start + 1 : text;
	return strncmp(start, "# ", 2) ? start : start + 2;
}

static inline bool ktap_wanted(const struct ktap_test *test, int argc, char **argv)
{
	if (argc < 2)
		return !test->in_full || !getenv("TLSRING_SHORT");
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], test->name))
			return true;
	return false;
}

/* With arguments only the tests named by them run. */
int main(int argc, char **argv)
{
	char why[4096];
	int number = 0, failed = 0, total = 0;

	for (struct ktap_test *test = ktap_first; test; test = test->next)
		total += ktap_wanted(test, argc, argv);
	printf("KTAP version 1\n");
	printf("1..%d\n", total);
	for (struct ktap_test *test = ktap_first; test; test = test->next) {
		int status;

		if (!ktap_wanted(test, argc, argv))
			continue;
		status = ktap_run_one(test, why, sizeof(why));
		number++;
		if (status == KTAP_SKIP_STATUS)
			printf("ok %d %s # SKIP %s\n", number, test->name, ktap_last_line(why));
		else
			printf("%s %d %s\n", status ? "not ok" : "ok", number, test->name);
		failed += status && status != KTAP_SKIP_STATUS;
	}
	fflush(stdout);
	return failed ? 1 : 0;
}

#endif
