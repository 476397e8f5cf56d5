// SPDX-License-Identifier: MIT
/*
 * How long small answers take beside many who come to do harm:
 *
 *	attack PORT SMALL COUNT CROWD HOW [LARGE]
 *
 * COUNT answers, 2 ms apart, one connection. So many others meanwhile
 *	silent	connect, and say nothing
 *	hello	connect, and when all are there send one and the same first message, all at once
 *	shake	shake hands, one after the other, as fast as they can
 *	head	do so and begin a request
 *	body	the same, and begin a body
 *	range	the same, and ask for 1,000 parts of LARGE, by HEAD
 *	read	the same, and ask for LARGE of which they take nothing, with a small window
 * and then stay. Prints microseconds: the median, the 90th and 99th percentile, the longest, while the crowd
 * comes, and how many of it came by then; and the same when all are there, and have come to rest.
 */
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include "tests/bench/client.h"

#define PAUSE	2000	/* microseconds between two requests */
#define SETTLE	2	/* seconds */
#define WINDOW	2048	/* of who reads slowly; the kernel doubles it */
#define PARTS	1000

static volatile uint64_t *there;
static const char *large;

static int connect_to(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = dial_socket();

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		die("cannot connect");
	return fd;
}

static void say(SSL *ssl, const char *text)
{
	int len = (int)strlen(text);

	if (SSL_write(ssl, text, len) != len)
		die("cannot send");
}

static void ask_for_parts(SSL *ssl)
{
	char text[16384];
	int len = snprintf(text, sizeof(text), "HEAD /%s HTTP/1.1\r\nHost: x\r\nRange: bytes=0-", large);

	for (int i = 0; i < PARTS; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, ",5-%d", i);
	snprintf(text + len, sizeof(text) - (size_t)len, "\r\n\r\n");
	say(ssl, text);
}

static void misbehave(const char *how)
{
	bool slow = !strcmp(how, "read");
	int fd = dial_socket(), room = WINDOW;
	SSL *ssl;

	if (slow && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)))
		die("cannot make the window small");
	ssl = dial_on(fd, false);
	if (!strcmp(how, "head"))
		say(ssl, "GET / HTTP/1.1\r\nHost: x\r\nX-");
	else if (!strcmp(how, "body"))
		say(ssl, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8192\r\n\r\nx");
	else if (!strcmp(how, "range"))
		ask_for_parts(ssl);
	else if (slow)
		ask(ssl, large);
	leave(ssl);
}

static int first_message(char *out, int room)
{
	SSL *ssl = SSL_new(ctx);
	BIO *wire = BIO_new(BIO_s_mem());
	int len;

	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), wire);
	SSL_connect(ssl);
	len = BIO_read(wire, out, room);
	if (len <= 0)
		die("no first message");
	SSL_free(ssl);
	return len;
}

static void all_at_once(int *fds, size_t count)
{
	char bytes[2048];
	int len = first_message(bytes, sizeof(bytes));

	for (size_t i = 0; i < count; i++)
		fds[i] = connect_to();
	sleep(1);
	*there = 1;
	for (size_t i = 0; i < count; i++)
		if (write(fds[i], bytes, (size_t)len) != len)
			die("cannot send");
	*there = count;
}

/* When it is over it stays until we go. */
static pid_t crowd(const char *how, size_t count)
{
	pid_t pid = fork();
	int *fds;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It shall not take the processor from who is measured. */
	if (sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){ 0 }) || nice(10) < 0)
		die("cannot step back");
	fds = calloc(count, sizeof(*fds));
	if (!fds)
		die("no memory");
	if (!strcmp(how, "hello"))
		all_at_once(fds, count);
	while (*there < count) {
		if (!strcmp(how, "silent"))
			connect_to();
		else
			misbehave(how);
		++*there;
	}
	for (;;)
		pause();
}

static double micros(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void measure(SSL *ssl, const char *path, size_t count, const char *when)
{
	double *took = calloc(count, sizeof(*took));

	if (!took)
		die("no memory");
	for (size_t i = 0; i < count; i++) {
		double start = micros();

		ask(ssl, path);
		take(ssl);
		took[i] = micros() - start;
		usleep(PAUSE);
	}
	qsort(took, count, sizeof(*took), compare);
	printf("%s median %.0f p90 %.0f p99 %.0f longest %.0f there %llu\n", when, took[count / 2],
	       took[count * 9 / 10], took[count * 99 / 100], took[count - 1], (unsigned long long)*there);
	free(took);
}

int main(int argc, char **argv)
{
	size_t count, others;
	pid_t pid = 0;
	SSL *ssl;

	if (argc != 6 && argc != 7)
		die("usage: see the head of attack.c");
	there = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	port = (unsigned short)atoi(argv[1]);
	count = strtoul(argv[3], NULL, 10);
	others = strtoul(argv[4], NULL, 10);
	large = argc == 7 ? argv[6] : argv[2];
	if (!count || there == MAP_FAILED)
		die("no memory");
	prepare();
	ssl = dial(false);
	for (int i = 0; i < 10; i++) {
		ask(ssl, argv[2]);
		take(ssl);
	}
	sleep(1);
	if (others)
		pid = crowd(argv[5], others);
	while (others && !*there && !waitpid(pid, NULL, WNOHANG))
		usleep(100);
	measure(ssl, argv[2], count, "coming");
	while (*there < others && !waitpid(pid, NULL, WNOHANG))
		usleep(100000);
	sleep(SETTLE);
	measure(ssl, argv[2], count, "settled");
	if (pid && waitpid(pid, NULL, WNOHANG))
		die("the crowd has gone");
	if (pid)
		kill(pid, SIGKILL);
	hang_up(ssl);
	put_away();
	return 0;
}
