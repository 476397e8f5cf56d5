// SPDX-License-Identifier: MIT
/* The access log's rings and its writer: lines do not mix, nothing blocks, lost lines are
 * counted. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include "tests/ktap.h"
#include "tools/serve/telemetry/access_log.h"

#define WRITERS	4
#define LINES	30000

static char folder[] = "/tmp/tlsring-access.XXXXXX", path[64], other[64];

static void set_up(void)
{
	CHECK(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/log", folder);
	snprintf(other, sizeof(other), "%s/log.1", folder);
}

static void tear_down(void)
{
	unlink(path);
	unlink(other);
	rmdir(folder);
}

static void put(struct access_ring *ring, unsigned writer, unsigned number)
{
	char line[200];
	int len = snprintf(
		line, sizeof(line), "%u %u %.*s\n", writer, number, (int)(number % 97),
		"................................................................................................");

	access_ring_put(ring, line, (size_t)len);
}

struct writer {
	pthread_t thread;
	struct access_ring *ring;
	unsigned number;
};

static void *write_lines(void *arg)
{
	struct writer *w = arg;

	for (unsigned i = 0; i < LINES; i++) {
		put(w->ring, w->number, i);
		if (i % 1000 == 999)
			usleep(10000);
	}
	return NULL;
}

/* Checks that each writer's lines are in order, and counts them. */
static unsigned read_lines(const char *name, unsigned next[WRITERS])
{
	FILE *file = fopen(name, "r");
	char line[256];
	unsigned count = 0;

	CHECK(file);
	while (fgets(line, sizeof(line), file)) {
		unsigned writer, number;

		CHECK(sscanf(line, "%u %u ", &writer, &number) == 2);
		CHECK(writer < WRITERS && line[strlen(line) - 1] == '\n');
		EQ(strlen(strrchr(line, ' ')), number % 97 + 2);
		CHECK(number >= next[writer]);
		next[writer] = number + 1;
		count++;
	}
	fclose(file);
	return count;
}

TEST(every_line_in_order_also_across_a_rotation)
{
	struct writer writers[WRITERS];
	unsigned next[WRITERS] = { 0 }, count;
	struct access_log *log;

	set_up();
	EQ(access_log_open(&log, path, WRITERS), 0);
	EQ(access_log_start(log, NULL), 0);
	for (unsigned i = 0; i < WRITERS; i++) {
		writers[i].ring = access_log_ring(log, i);
		writers[i].number = i;
		CHECK(!pthread_create(&writers[i].thread, NULL, write_lines, &writers[i]));
	}
	usleep(50000);
	EQ(rename(path, other), 0);
	access_log_reopen(log);
	for (unsigned i = 0; i < WRITERS; i++)
		pthread_join(writers[i].thread, NULL);
	count = WRITERS * LINES - (unsigned)access_log_lost(log);
	access_log_close(log);
	EQ(read_lines(other, next) + read_lines(path, next), count);
	CHECK(count > WRITERS * LINES / 2);
	tear_down();
}

TEST(a_line_wakes_the_writer)
{
	struct access_log *log;
	struct stat status;

	set_up();
	EQ(access_log_open(&log, path, 1), 0);
	EQ(access_log_start(log, NULL), 0);
	EQ(stat(path, &status), 0);
	EQ(status.st_mode & 07777, 0640 & ~umask(0));
	for (unsigned i = 0; i < 3; i++) {
		off_t before = status.st_size;

		usleep(100000);
		put(access_log_ring(log, 0), 0, i);
		do {
			usleep(1000);
			EQ(stat(path, &status), 0);
		} while (status.st_size == before);
	}
	access_log_close(log);
	tear_down();
}

/* A reader that does not read: lines are lost and counted, the serving thread goes on. */
TEST(a_pipe_nobody_reads_loses_lines_but_blocks_nobody)
{
	static char line[1000];
	struct access_log *log;
	uint64_t lost, got = 0;
	int fds[2], status;
	pid_t reader;

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	CHECK(!pipe(fds) && dup2(fds[1], STDOUT_FILENO) == STDOUT_FILENO);
	close(fds[1]);
	EQ(access_log_open(&log, "-", 1), 0);
	EQ(access_log_start(log, NULL), 0);
	for (unsigned i = 0; i < 2 * ACCESS_RING / sizeof(line); i++)
		access_ring_put(access_log_ring(log, 0), line, sizeof(line));
	lost = access_log_lost(log);
	CHECK(lost > 0 && lost < 2 * ACCESS_RING / sizeof(line));
	reader = fork();
	if (!reader) {
		char buf[4096];
		ssize_t len;

		close(STDOUT_FILENO);
		while ((len = read(fds[0], buf, sizeof(buf))) > 0)
			got += (uint64_t)len;
		_exit(got != (2 * ACCESS_RING / sizeof(line) - lost) * sizeof(line));
	}
	/* The other lines arrive. */
	access_log_close(log);
	close(STDOUT_FILENO);
	EQ(waitpid(reader, &status, 0), reader);
	if (status)
		FAIL("the reader got another number of bytes");
}

TEST(a_full_disk_loses_lines_and_counts_them)
{
	struct access_log *log;

	if (access("/dev/full", W_OK))
		SKIP("no /dev/full");
	EQ(access_log_open(&log, "/dev/full", 1), 0);
	EQ(access_log_start(log, NULL), 0);
	for (unsigned i = 0; i < 10; i++)
		put(access_log_ring(log, 0), 0, i);
	while (access_log_lost(log) != 10)
		usleep(1000);
	access_log_close(log);
}

/* A line that was torn for lack of space leaves the next one whole. */
TEST(a_torn_line_spoils_no_other)
{
	struct rlimit limit;
	struct access_log *log;
	char line[200], expected[200] = "0 91 ";
	FILE *file;

	set_up();
	signal(SIGXFSZ, SIG_IGN);
	EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
	EQ(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 150, limit.rlim_max }), 0);
	EQ(access_log_open(&log, path, 1), 0);
	EQ(access_log_start(log, NULL), 0);
	put(access_log_ring(log, 0), 0, 89);
	put(access_log_ring(log, 0), 0, 90);
	while (!access_log_lost(log))
		usleep(1000);
	EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
	put(access_log_ring(log, 0), 0, 91);
	access_log_close(log);
	memset(expected + 5, '.', 91);
	strcat(expected, "\n");
	file = fopen(path, "r");
	CHECK(file);
	for (int i = 0; i < 3; i++)
		CHECK(fgets(line, sizeof(line), file));
	EQ_STR(line, expected);
	CHECK(!fgets(line, sizeof(line), file));
	fclose(file);
	tear_down();
}

TEST(what_cannot_be_opened)
{
	struct access_log *log;

	EQ(access_log_open(&log, "/nowhere/log", 1), -ENOENT);
	EQ(access_log_open(&log, "/", 1), -EISDIR);
}
