// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "tools/bench/machine/descriptors.h"
#include "tools/bench/machine/health.h"
#include "tools/bench/options.h"
#include "tools/bench/server/cold.h"
#include "tools/common/log.h"
#include "tools/tools.h"

#define COLD_PROBE	(64 * 1024)
#define COLD_PAGES	1024		/* looked at by one call of mincore() */
#define COLD_COPIES	64
#define COLD_BYTES	(64ull << 20)	/* at most COLD_COPIES of so many bytes, in all */

/* ---- the file ---- */

static const char *cold_folder(void)
{
	const char *folder = getenv("TMPDIR");

	return folder && *folder ? folder : "/var/tmp";
}

/* A file without a name, so that it need not be removed. */
static int cold_create(void)
{
	char path[4096];
	int fd;

	if (snprintf(path, sizeof(path), "%s/tlsring-bench.XXXXXX", cold_folder()) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

static int cold_fill(const struct bench_setup *s, int fd)
{
	for (uint64_t at = 0; at < s->options->size;) {
		ssize_t put = pwrite(fd, s->map + at, s->options->size - at, (off_t)at);

		if (put < 0 || *s->interrupted)
			return *s->interrupted ? -EINTR : -errno;
		at += (uint64_t)put;
	}
	/* Dirty pages cannot be dropped. */
	return fsync(fd) ? -errno : 0;
}

static int cold_copy(struct bench_setup *s)
{
	int fd = cold_create(), ret = fd < 0 ? fd : cold_fill(s, fd);
	void *map = ret ? MAP_FAILED : mmap(NULL, s->options->size, PROT_READ, MAP_SHARED, fd, 0);

	if (map != MAP_FAILED) {
		s->copies[s->count++] = (struct bench_copy){ fd, map };
		return 0;
	}
	ret = ret ? ret : -errno;
	if (fd >= 0)
		close(fd);
	return ret;
}

static bool cold_stays(const struct bench_setup *s, const struct bench_copy *copy)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), size = s->options->size;
	unsigned char pages[COLD_PAGES];

	for (uint64_t at = 0; at < size; at += COLD_PAGES * page) {
		uint64_t count = (size - at + page - 1) / page;

		count = count < COLD_PAGES ? count : COLD_PAGES;
		if (mincore((void *)(copy->map + at), count * page, pages))
			return false;
		for (uint64_t i = 0; i < count; i++)
			if (pages[i] & 1)
				return true;
	}
	return false;
}

bool bench_cold_drop(const struct bench_setup *s, const struct bench_copy *copy)
{
	/* Mapped pages cannot be dropped from the cache. */
	madvise((void *)copy->map, s->options->size, MADV_DONTNEED);
	posix_fadvise(copy->fd, 0, 0, POSIX_FADV_DONTNEED);
	return !cold_stays(s, copy);
}

/* Do pages of this folder come from a disk? Found by trying, not from the file system's name. */
static bool cold_probe(const struct bench_setup *s)
{
	uint64_t before = bench_health_disk_read();
	size_t len = s->options->size < COLD_PROBE ? (size_t)s->options->size : COLD_PROBE;
	char *bytes = malloc(len);
	bool good;

	bench_cold_drop(s, s->copies);
	good = bytes && pread(s->copies->fd, bytes, len, 0) == (ssize_t)len &&
	       bench_health_disk_read() - before >= len;
	free(bytes);
	return good;
}

/* Enough for answers under way and for those that packets still refer to: their pages cannot be
 * dropped until the packets are freed, a little after they were received. */
static unsigned cold_count(const struct bench_options *options)
{
	unsigned busy = 2 * options->connections;
	uint64_t later = COLD_BYTES / options->size;

	later = later < COLD_COPIES ? later : COLD_COPIES;
	return later > busy ? (unsigned)later : busy;
}

int bench_cold_open(struct bench_setup *s)
{
	unsigned count = cold_count(s->options);
	int ret = 0;

	s->copies = calloc(count, sizeof(*s->copies));
	if (!s->copies)
		ret = -ENOMEM;
	bench_descriptors_raise(count + s->options->connections + BENCH_DESCRIPTORS_OTHER);
	/* The first copy is probed before others are made. */
	while (!ret && s->count < count && (s->count != 1 || cold_probe(s)))
		ret = cold_copy(s);
	if (!ret && s->count == count)
		return 0;
	log_line("--cache cold: %s: %s; %s", cold_folder(),
		 ret ? strerror(-ret) :
		       "its files stay in memory, or the kernel "
		       "does not count what is read of them",
		 "set TMPDIR to a folder on a disk with enough room");
	return TOOLS_FAILED;
}

void bench_cold_close(struct bench_setup *s)
{
	while (s->count) {
		const struct bench_copy *copy = &s->copies[--s->count];

		munmap((void *)copy->map, s->options->size);
		close(copy->fd);
	}
	free(s->copies);
	s->copies = NULL;
}
