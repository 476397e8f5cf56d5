// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include "tools/bench/machine/command.h"

int bench_command_run(const char *command, char *buf, size_t room)
{
	char line[512];
	FILE *says;
	int status;

	buf[0] = '\0';
	/* Braces redirect every part of the command. */
	snprintf(line, sizeof(line), "export PATH=\"$PATH" BENCH_COMMAND_PATH "\"; { %s; } 2>&1",
		 command);
	says = popen(line, "re");
	if (!says)
		return -errno;
	buf[fread(buf, 1, room - 1, says)] = '\0';
	status = pclose(says);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}
