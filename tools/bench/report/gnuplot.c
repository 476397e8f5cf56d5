// SPDX-License-Identifier: MIT
#include <errno.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tools/bench/report/gnuplot.h"

static int gnuplot_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	/* What posix_spawnp() may report so when the program could not be started. */
	return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? -ENOENT : -EPROTO;
}

int bench_gnuplot(FILE *script, FILE *out)
{
	/* -d: without the user's own settings. */
	static char *const words[] = { "gnuplot", "-d", NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int ret;

	if (fflush(script) || fflush(out) || lseek(fileno(script), 0, SEEK_SET) < 0)
		return -errno;
	ret = posix_spawn_file_actions_init(&actions);
	if (ret)
		return -ret;
	ret = posix_spawn_file_actions_adddup2(&actions, fileno(script), STDIN_FILENO);
	if (!ret)
		ret = posix_spawn_file_actions_adddup2(&actions, fileno(out), STDOUT_FILENO);
	if (!ret)
		ret = posix_spawnp(&pid, words[0], &actions, NULL, words, environ);
	posix_spawn_file_actions_destroy(&actions);
	return ret ? -ret : gnuplot_wait(pid);
}
