// SPDX-License-Identifier: MIT
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
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
	/* posix_spawnp() may report a missing program so. */
	return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? -ENOENT : -EPROTO;
}

int bench_gnuplot_run(FILE *script, FILE *out)
{
	/* -d: ignore the user's settings. */
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

/* Prefix the names of elements, which are the same in every chart. */
static void gnuplot_rename(FILE *out, const char *text, const char *id)
{
	static const char *const before[] = { "id='", "id=\"", "href='#", "url(#" };

	while (*text) {
		/* Browsers show titles as tooltips. */
		if (!strncmp(text, "<title>", 7) && strstr(text, "</title>"))
			text = strstr(text, "</title>") + strlen("</title>");
		fputc(*text++, out);
		for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
			size_t len = strlen(before[i]);

			if (strncmp(text, before[i], len))
				continue;
			fwrite(text, 1, len, out);
			fprintf(out, "%s-", id);
			text += len;
		}
	}
}

/* Copies the svg element without the prologue. */
static int gnuplot_copy(FILE *out, FILE *svg, const char *id)
{
	char *text = NULL, *from;
	size_t room = 0;
	int ret = -EPROTO;

	rewind(svg);
	if (getdelim(&text, &room, '\0', svg) >= 0) {
		from = strstr(text, "<svg");
		if (from && strstr(from, "</svg>")) {
			gnuplot_rename(out, from, id);
			ret = 0;
		}
	}
	free(text);
	return ret;
}

int bench_gnuplot_draw(FILE *out, FILE *script, const char *id)
{
	FILE *svg = tmpfile();
	int ret = svg ? bench_gnuplot_run(script, svg) : -errno;

	if (!ret)
		ret = gnuplot_copy(out, svg, id);
	if (svg)
		fclose(svg);
	return ret;
}
