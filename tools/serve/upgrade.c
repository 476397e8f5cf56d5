// SPDX-License-Identifier: MIT
/*
 * The successor is a child that inherits all listening sockets, with the connections that wait in
 * their queues. It starts to accept beside us, and we stop when it reports that it serves.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tools/common/log.h"
#include "tools/serve/server.h"
#include "tools/serve/upgrade.h"

#define UPGRADE_READY	"TLSRING_READY_FD"	/* descriptor on which the successor reports */
#define UPGRADE_FIRST	3			/* descriptor of its first socket */

static char upgrade_program[PATH_MAX];

void upgrade_init(void)
{
	ssize_t len = readlink("/proc/self/exe", upgrade_program, sizeof(upgrade_program) - 1);

	upgrade_program[len > 0 ? len : 0] = '\0';
}

/* ---- before the fork: the child must not allocate ---- */

struct upgrade {
	char **argv, **envp;		/* arrays owned, their strings not */
	char sockets[40], ready[40];	/* "NAME=VALUE" of envp */
	int *fds;			/* owned: sockets, then the pipe's end */
	size_t count;
};

static void upgrade_collect(struct upgrade *u, const struct listen_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		for (unsigned j = 0; j < set->addresses[i].count; j++)
			u->fds[u->count++] = set->addresses[i].fds[j];
}

static size_t upgrade_sockets(const struct listen_set *set)
{
	size_t count = 0;

	for (size_t i = 0; i < set->count; i++)
		count += set->addresses[i].count;
	return count;
}

static int upgrade_environment(struct upgrade *u)
{
	size_t count = 0, used = 0;

	while (environ[count])
		count++;
	u->envp = calloc(count + 3, sizeof(*u->envp));
	if (!u->envp)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		/* It names this process; the watchdog must follow the successor. */
		if (strncmp(environ[i], "WATCHDOG_PID=", 13))
			u->envp[used++] = environ[i];
	snprintf(u->sockets, sizeof(u->sockets), LISTEN_HEIRS "=%zu", u->count - 1);
	snprintf(u->ready, sizeof(u->ready), UPGRADE_READY "=%zu", UPGRADE_FIRST + u->count - 1);
	u->envp[used++] = u->sockets;
	u->envp[used] = u->ready;
	return 0;
}

static int upgrade_prepare(struct upgrade *u, const struct server *s, int ready)
{
	const struct listen_set *sets[] = { &s->listen, &s->http, telemetry_listen(s->telemetry) };
	size_t sockets = 0;

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		sockets += upgrade_sockets(sets[i]);
	u->fds = calloc(sockets + 1, sizeof(*u->fds));
	u->argv = calloc((size_t)s->argc + 2, sizeof(*u->argv));
	if (!u->fds || !u->argv)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		upgrade_collect(u, sets[i]);
	u->fds[u->count++] = ready;
	u->argv[0] = s->argv[0];
	u->argv[1] = (char *)"serve";
	memcpy(u->argv + 2, s->argv + 1, (size_t)(s->argc - 1) * sizeof(*u->argv));
	return upgrade_environment(u);
}

static void upgrade_wipe(struct upgrade *u)
{
	free(u->argv);
	free(u->envp);
	free(u->fds);
}

/* ---- the child ---- */

/* Move the descriptors above their places first, then to them; dup2() clears close-on-exec. */
__attribute__((noreturn))
static void upgrade_exec(struct upgrade *u)
{
	int above = UPGRADE_FIRST + (int)u->count;

	for (size_t i = 0; i < u->count; i++) {
		u->fds[i] = fcntl(u->fds[i], F_DUPFD_CLOEXEC, above);
		if (u->fds[i] < 0)
			_exit(127);
	}
	for (size_t i = 0; i < u->count; i++)
		if (dup2(u->fds[i], UPGRADE_FIRST + (int)i) < 0)
			_exit(127);
	execve(upgrade_program, u->argv, u->envp);
	_exit(127);
}

/*
 * The successor is the child of a child that ends at once, so that it belongs to whoever started
 * us: systemd gives a main process time to stop only if that is its own child. Its process goes
 * through the pipe, before the byte that says that it serves.
 */
__attribute__((noreturn))
static void upgrade_fork_again(struct upgrade *u, int ready)
{
	pid_t self;

	if (fork())
		_exit(0);
	self = getpid();
	if (write(ready, &self, sizeof(self)) == sizeof(self))
		upgrade_exec(u);
	_exit(127);
}

/* Its process, or -errno. */
static pid_t upgrade_await(pid_t child, int ready)
{
	pid_t successor;

	if (child < 0)
		return child;
	waitpid(child, NULL, 0);
	if (read(ready, &successor, sizeof(successor)) != sizeof(successor))
		return -EAGAIN;
	return successor;
}

pid_t upgrade_start(const struct server *s, int *ready)
{
	struct upgrade u = { 0 };
	int pipes[2];
	pid_t child;

	if (!*upgrade_program)
		return -ENOENT;
	if (pipe2(pipes, O_CLOEXEC))
		return -errno;
	child = upgrade_prepare(&u, s, pipes[1]);
	if (!child)
		child = fork();
	if (!child)
		upgrade_fork_again(&u, pipes[1]);
	if (child == -1)
		child = -errno;
	close(pipes[1]);
	child = upgrade_await(child, pipes[0]);
	if (child > 0)
		*ready = pipes[0];
	else
		close(pipes[0]);
	upgrade_wipe(&u);
	return child;
}

void upgrade_ready(void)
{
	const char *text = getenv(UPGRADE_READY);
	int fd = text ? atoi(text) : -1;

	if (fd < UPGRADE_FIRST)
		return;
	if (write(fd, "", 1) != 1)
		log_line("cannot tell the process before us that we serve: %s", strerror(errno));
	close(fd);
	unsetenv(UPGRADE_READY);
}
