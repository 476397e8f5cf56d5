/* SPDX-License-Identifier: MIT */
#ifndef TESTS_TOOLS_SERVE_SERVER_H
#define TESTS_TOOLS_SERVE_SERVER_H

/* `tlsring serve` as a child process, for tests in C. */

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include "tests/ktap.h"

#define SERVER_ARGS	16

struct server {
	char dir[64];	/* a folder of the test's own; DIR/www is served */
	char log[80];
	pid_t pid;
	unsigned port;
};

static inline int server_wipe(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static inline void server_init(struct server *s)
{
	char www[80];

	strcpy(s->dir, "/tmp/tlsring-test.XXXXXX");
	CHECK(mkdtemp(s->dir));
	snprintf(s->log, sizeof(s->log), "%s/log", s->dir);
	snprintf(www, sizeof(www), "%s/www", s->dir);
	CHECK(!mkdir(www, 0755));
}

static inline void server_file(const struct server *s, const char *name, const void *data,
			       size_t len)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/www/%s", s->dir, name);
	file = fopen(path, "we");
	CHECK(file);
	EQ(fwrite(data, 1, len, file), len);
	CHECK(!fclose(file));
}

static inline void server_exec(const struct server *s, const char *const *options)
{
	const char *argv[SERVER_ARGS] = { "tlsring", "serve", "--listen", "127.0.0.1:0" };
	char program[256], www[80];
	int count = 4, fd;

	snprintf(program, sizeof(program), "%s/tlsring", getenv("TLSRING_BUILD"));
	snprintf(www, sizeof(www), "%s/www", s->dir);
	while (*options && count < SERVER_ARGS - 2)
		argv[count++] = *options++;
	argv[count++] = www;
	argv[count] = NULL;
	fd = open(s->log, O_CREAT | O_TRUNC | O_WRONLY, 0644);
	dup2(fd, STDERR_FILENO);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execv(program, (char **)argv);
	_exit(127);
}

static inline void server_read_log(const struct server *s, char *buf, size_t room)
{
	int fd = open(s->log, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, buf, room - 1);

	buf[len > 0 ? len : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

/* Starts the server and waits until it listens. prepare() runs in the child before the program; may
 * be NULL. */
static inline void server_start(struct server *s, const char *const *options, void (*prepare)(void))
{
	char log[4096];
	const char *at;

	if (!getenv("TLSRING_BUILD"))
		SKIP("TLSRING_BUILD names no folder with the program in it");
	s->pid = fork();
	CHECK(s->pid >= 0);
	if (!s->pid) {
		if (prepare)
			prepare();
		server_exec(s, options);
	}
	for (int i = 0; i < 300; i++) {
		server_read_log(s, log, sizeof(log));
		at = strstr(log, "listening on 127.0.0.1:");
		if (at && strchr(at, '/')) {
			s->port = (unsigned)atoi(at + strlen("listening on 127.0.0.1:"));
			return;
		}
		usleep(100000);
	}
	FAIL("the server did not start: %s", log);
}

/* The server must end by itself with status 0: a sanitizer's does so if it leaked nothing. */
static inline void server_stop(struct server *s)
{
	char log[4096];
	int status;

	kill(s->pid, SIGTERM);
	EQ(waitpid(s->pid, &status, 0), s->pid);
	if (status) {
		server_read_log(s, log, sizeof(log));
		FAIL("the server ended with status %#x: %s", (unsigned)status, log);
	}
	nftw(s->dir, server_wipe, 8, FTW_DEPTH | FTW_PHYS);
}

static inline int server_descriptors(const struct server *s)
{
	char path[64];
	int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)s->pid);
	dir = opendir(path);
	CHECK(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* Anonymous memory in KiB. */
static inline long server_memory(const struct server *s)
{
	char path[64], line[256];
	long size = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)s->pid);
	file = fopen(path, "re");
	CHECK(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "RssAnon: %ld", &size) == 1)
			break;
	fclose(file);
	return size;
}

#endif
