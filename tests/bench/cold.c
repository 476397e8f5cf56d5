// SPDX-License-Identifier: MIT
/*
 * How long small answers take, of files that are in memory, beside a download of one that is not:
 *
 *	cold PORT SMALL COUNT [LARGE]
 *
 * Prints microseconds: the median, the 99th percentile, the longest; how many took 10 ms and more; and how
 * many bytes of the large file came meanwhile.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include "tests/bench/client.h"

#define PAUSE	2000	/* microseconds between two requests, so that they meet all that happens */

/* Whatever comes is dropped; *bytes says how much that was. */
static pid_t download(const char *path, volatile uint64_t *bytes)
{
	static char buf[256 * 1024];
	pid_t pid = fork();
	SSL *ssl;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	ssl = dial(false);
	ask(ssl, path);
	for (;;) {
		ssize_t len = recv(SSL_get_fd(ssl), buf, sizeof(buf), 0);

		if (len <= 0)
			_exit(1);
		*bytes += (uint64_t)len;
	}
}

static double micros(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
	volatile uint64_t *bytes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double *took, start;
	size_t late = 0;
	pid_t pid = 0;
	size_t count;
	SSL *ssl;

	if (argc != 4 && argc != 5)
		die("usage: see the head of cold.c");
	port = (unsigned short)atoi(argv[1]);
	count = strtoul(argv[3], NULL, 10);
	took = calloc(count, sizeof(*took));
	if (!took || !count || bytes == MAP_FAILED)
		die("no memory");
	prepare();
	ssl = dial(false);
	ask(ssl, argv[2]);
	take(ssl);
	if (argc == 5)
		pid = download(argv[4], bytes);
	for (size_t i = 0; i < count; i++) {
		usleep(PAUSE);
		start = micros();
		ask(ssl, argv[2]);
		take(ssl);
		took[i] = micros() - start;
		late += took[i] >= 10000;
	}
	if (pid && waitpid(pid, NULL, WNOHANG))
		die("the download ended");
	if (pid)
		kill(pid, SIGKILL);
	qsort(took, count, sizeof(*took), compare);
	printf("median %.0f\np99 %.0f\nlongest %.0f\nlate %zu\nbytes %llu\n", took[count / 2], took[count * 99 / 100],
	       took[count - 1], late, (unsigned long long)*bytes);
	hang_up(ssl);
	free(took);
	put_away();
	return 0;
}
