// SPDX-License-Identifier: MIT
/* A file on a disk of which nothing that is sent is in memory. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "bench_server.h"
#include "log.h"
#include "tools.h"

#define COLD_STRIDE	(2ull << 20)	/* no folio of the page cache reaches from one part into another */
#define COLD_PROBE	(64 * 1024)
#define COLD_PAGES	1024		/* that are looked at with one call */
#define COLD_PARTS	64
#define COLD_BYTES	(64ull << 20)	/* or as many parts as these have */

/* ---- the file ---- */

static const char *cold_folder(void)
{
	const char *folder = getenv("TMPDIR");

	return folder && *folder ? folder : "/var/tmp";
}

/* It has no name: nobody has to remove it. */
static int cold_create(void)
{
	char path[4096];
	int fd;

	if (snprintf(path, sizeof(path), "%s/tlsring-bench.XXXXXX", cold_folder()) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

/* The same as in memory, so often that an answer is with its client before its part is sent again. */
static int cold_fill(const struct bench_setup *s)
{
	uint64_t size = s->options->size;

	if (ftruncate(s->file, (off_t)(s->parts * s->stride)))
		return -errno;
	for (unsigned i = 0; i < s->parts; i++) {
		for (uint64_t at = 0; at < size;) {
			ssize_t put = pwrite(s->file, s->map + at, size - at, (off_t)(i * s->stride + at));

			if (put < 0 || *s->interrupted)
				return *s->interrupted ? -EINTR : -errno;
			at += (uint64_t)put;
		}
	}
	/* What has yet to be written cannot be dropped. */
	return fsync(s->file) ? -errno : 0;
}

uint64_t bench_cold_read(void)
{
	FILE *file = fopen("/proc/self/io", "re");
	unsigned long long bytes = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "read_bytes: %llu", &bytes) == 1)
			break;
	if (file)
		fclose(file);
	return bytes;
}

static void cold_drop(const struct bench_setup *s, uint64_t at)
{
	/* What a process has mapped stays. */
	madvise((void *)(s->sent + at), s->stride, MADV_DONTNEED);
	posix_fadvise(s->file, (off_t)at, (off_t)s->stride, POSIX_FADV_DONTNEED);
}

static bool cold_stays(const struct bench_setup *s, uint64_t at)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), end = at + s->options->size;
	unsigned char pages[COLD_PAGES];

	for (; at < end; at += COLD_PAGES * page) {
		uint64_t count = (end - at + page - 1) / page;

		count = count < COLD_PAGES ? count : COLD_PAGES;
		if (mincore((void *)(s->sent + at), count * page, pages))
			return false;
		for (uint64_t i = 0; i < count; i++)
			if (pages[i] & 1)
				return true;
	}
	return false;
}

/* Not by what the file system is called. */
static bool cold_probe(const struct bench_setup *s)
{
	uint64_t before = bench_cold_read();
	size_t len = s->options->size < COLD_PROBE ? (size_t)s->options->size : COLD_PROBE;
	char *bytes = malloc(len);
	bool good;

	cold_drop(s, 0);
	good = bytes && pread(s->file, bytes, len, 0) == (ssize_t)len && bench_cold_read() - before >= len;
	free(bytes);
	return good;
}

static int cold_map(struct bench_setup *s)
{
	void *sent = mmap(NULL, s->parts * s->stride, PROT_READ, MAP_SHARED, s->file, 0);

	if (sent == MAP_FAILED)
		return -errno;
	s->sent = sent;
	return 0;
}

/* Enough for answers under way, and what the network still refers to: that cannot be dropped, and packets that were
 * received are freed a little later. */
static unsigned cold_parts(const struct bench_options *options)
{
	unsigned busy = 2 * options->connections;
	uint64_t later = COLD_BYTES / options->size;

	later = later < COLD_PARTS ? later : COLD_PARTS;
	return later > busy ? (unsigned)later : busy;
}

int bench_cold_open(struct bench_setup *s)
{
	int ret;

	s->parts = cold_parts(s->options);
	s->stride = (s->options->size + COLD_STRIDE - 1) / COLD_STRIDE * COLD_STRIDE;
	close(s->file);
	s->file = cold_create();
	ret = s->file < 0 ? s->file : cold_fill(s);
	if (!ret)
		ret = cold_map(s);
	if (!ret && cold_probe(s))
		return 0;
	log_line("--cache cold: %s: %s; %s", cold_folder(), ret ? strerror(-ret) : "its files stay in memory, or the kernel "
		 "does not count what is read of them", "set TMPDIR to a folder on a disk with enough room");
	return TOOLS_FAILED;
}

/* ---- in the server ---- */

static uint64_t cold_cpu(void)
{
	struct timespec cpu;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
	return (uint64_t)cpu.tv_sec * 1000000000 + (uint64_t)cpu.tv_nsec;
}

uint64_t bench_child_part(const struct bench_child *child)
{
	const struct bench_setup *s = child->setup;
	uint64_t start, at;
	unsigned tries = 0;

	if (!s->parts)
		return 0;
	start = cold_cpu();
	do {
		at = child->whole->part++ % s->parts * s->stride;
		cold_drop(s, at);
	} while (cold_stays(s, at) && ++tries < s->parts);
	child->whole->spent += cold_cpu() - start;
	return at;
}
