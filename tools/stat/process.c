// SPDX-License-Identifier: MIT
/* Whose socket is it? /proc/PID/fd says, for what this user may see. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tools/stat/snapshot.h"

static int process_by_inode(const void *a, const void *b)
{
	uint64_t x = ((const struct stat_row *)a)->socket.inode, y = ((const struct stat_row *)b)->socket.inode;

	return (x > y) - (x < y);
}

static void process_name(int proc, int pid, char *out, size_t len)
{
	char path[32];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%d/comm", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? 0 : read(fd, out, len - 1);
	if (fd >= 0)
		close(fd);
	out[got > 0 ? got : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	/* A process names itself: it must not draw on the terminal. */
	for (char *c = out; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
}

/* The socket behind a descriptor: its inode, or 0. */
static uint64_t process_socket(int folder, const char *descriptor)
{
	char target[64];
	ssize_t got = readlinkat(folder, descriptor, target, sizeof(target) - 1);

	if (got <= 0)
		return 0;
	target[got] = '\0';
	return strncmp(target, "socket:[", 8) ? 0 : strtoull(target + 8, NULL, 10);
}

static void process_look_at(struct stat_look *look, int proc, int pid)
{
	struct stat_row key = { 0 }, *row;
	struct dirent *entry;
	char path[32];
	int folder;
	DIR *dir;

	snprintf(path, sizeof(path), "%d/fd", pid);
	folder = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = folder < 0 ? NULL : fdopendir(folder);
	if (!dir) {
		if (folder >= 0)
			close(folder);
		return;
	}
	while ((entry = readdir(dir))) {
		key.socket.inode = process_socket(folder, entry->d_name);
		row = key.socket.inode ?
			bsearch(&key, look->rows, look->count, sizeof(key), process_by_inode) : NULL;
		if (!row || row->pid)
			continue;
		row->pid = pid;
		process_name(proc, pid, row->process, sizeof(row->process));
	}
	closedir(dir);
}

void stat_name_processes(struct stat_look *look)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	if (!proc)
		return;
	if (look->count)
		qsort(look->rows, look->count, sizeof(*look->rows), process_by_inode);
	while (look->count && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			process_look_at(look, dirfd(proc), atoi(entry->d_name));
	closedir(proc);
}
