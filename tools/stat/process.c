// SPDX-License-Identifier: MIT
/* The process of a socket: /proc/PID/fd has links to "socket:[INODE]". */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tools/common/number.h"
#include "tools/stat/process.h"

void process_name(int pid, char *out, size_t len)
{
	char path[32];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? 0 : read(fd, out, len - 1);
	if (fd >= 0)
		close(fd);
	out[got > 0 ? got : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	/* A process chooses its name: control characters must not reach the terminal. */
	for (char *c = out; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
}

/* The inode of the socket behind a descriptor; 0: it is no socket. */
static uint64_t process_socket(int folder, const char *descriptor)
{
	char target[64];
	ssize_t got = readlinkat(folder, descriptor, target, sizeof(target) - 1);

	if (got <= 0)
		return 0;
	target[got] = '\0';
	return strncmp(target, "socket:[", 8) ? 0 : strtoull(target + 8, NULL, 10);
}

static void process_scan(int pid, void (*each)(uint64_t inode, int pid, void *user), void *user)
{
	struct dirent *entry;
	char path[32];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		uint64_t inode = process_socket(dirfd(dir), entry->d_name);

		if (inode)
			each(inode, pid, user);
	}
	closedir(dir);
}

void process_each_socket(void (*each)(uint64_t inode, int pid, void *user), void *user)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	unsigned pid;

	if (!proc)
		return;
	while ((entry = readdir(proc)))
		if (!number_parse_unsigned(entry->d_name, 1, INT_MAX, &pid))
			process_scan((int)pid, each, user);
	closedir(proc);
}
