// SPDX-License-Identifier: MIT
/*
 * Many at once, each of whom slowly reads a large file:
 *
 *	crowd PID PORT PATH COUNT RATE SECONDS
 *
 * Each takes up to RATE bytes a second of what has come, for so many seconds. Printed is, for each
 * connection, what the server's process holds in anonymous memory, and the kernel for both ends (for
 * root also in which caches); and how many bytes the slowest, the median, the fastest and all got in
 * the second half of the time.
 * Sockets are as on an Ethernet, not as loopback makes them; TLS 1.2.
 */
#include <errno.h>
#include <time.h>
#include "tests/bench/client.h"

#define SEGMENT		1460
#define ROOM		16384	/* of a receive buffer; the kernel doubles it */
#define WARM		100	/* connections until a server has its own buffers */
#define PAGE		4096
#define CACHES		512	/* of the slab allocator */
#define CACHE_LEAST	100	/* bytes for a connection that are worth a line */

struct cache {
	char name[64];
	uint64_t bytes;
};

struct held {
	uint64_t anonymous, slab, tables, sockets;
	struct cache caches[CACHES];
};

static int *fds;
static double *got;

static uint64_t socket_bytes(void)
{
	FILE *file = fopen("/proc/net/sockstat", "re");
	unsigned long long pages = 0;
	char line[256];

	if (!file)
		die("cannot read /proc/net/sockstat");
	while (fgets(line, sizeof(line), file))
		sscanf(line, "TCP: inuse %*d orphan %*d tw %*d alloc %*d mem %llu", &pages);
	fclose(file);
	return pages * PAGE;
}

static void look_into_caches(struct cache *caches)
{
	FILE *file = fopen("/proc/slabinfo", "re");
	unsigned long long objects, size;
	char line[512];
	size_t i = 0;

	while (file && i < CACHES && fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %*u %llu %llu", caches[i].name, &objects, &size) == 3)
			caches[i++].bytes = objects * size;
	if (file)
		fclose(file);
}

static void look(struct held *held)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", server);
	held->anonymous = server_anonymous();
	held->slab = kib_of("/proc/meminfo", "Slab") * 1024;
	held->tables = kib_of(path, "VmPTE") * 1024;
	held->sockets = socket_bytes();
	look_into_caches(held->caches);
}

/* It asks, then its SSL goes: what comes is not looked at. */
static int begin(const char *path)
{
	int fd = dial_socket(), segment = SEGMENT, room = ROOM;
	SSL *ssl;

	if (setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)))
		die("cannot make the socket small");
	ssl = dial_cheaply(fd);
	ask(ssl, path);
	leave(ssl);
	return fd;
}

static uint64_t msecs(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Each takes its share of a second; a round takes longer where the server, or we, are not that fast. */
static void rounds(size_t count, size_t rate, unsigned seconds)
{
	uint64_t start = msecs();
	char *buf = malloc(rate);

	if (!buf)
		die("no memory");
	for (unsigned round = 0; round < seconds; round++) {
		for (size_t i = 0; i < count; i++) {
			ssize_t len = recv(fds[i], buf, rate, MSG_DONTWAIT);

			if (!len || (len < 0 && errno != EAGAIN))
				die("connection %zu ended in round %u: %s", i, round, len ? strerror(errno) : "FIN");
			if (len > 0)
				got[i] += (double)len;
		}
		while (msecs() - start < (round + 1) * 1000ull)
			usleep(10000);
	}
	free(buf);
}

static uint64_t cache_bytes(const struct cache *caches, const char *name)
{
	for (size_t i = 0; i < CACHES; i++)
		if (!strcmp(caches[i].name, name))
			return caches[i].bytes;
	return 0;
}

static void report_caches(const struct held *before, const struct held *now, size_t count)
{
	for (size_t i = 0; i < CACHES && now->caches[i].name[0]; i++) {
		const struct cache *cache = &now->caches[i];
		double more = (double)(int64_t)(cache->bytes - cache_bytes(before->caches, cache->name)) / (double)count;

		if (more >= CACHE_LEAST)
			printf("slab-%s %.0f\n", cache->name, more);
	}
}

static void report(const struct held *before, const struct held *now, size_t count)
{
	size_t all = count + WARM;
	double sum = 0;

	printf("anonymous %.0f\n", (double)(int64_t)(now->anonymous - before->anonymous) / (double)count);
	printf("slab %.0f\n", (double)(int64_t)(now->slab - before->slab) / (double)count);
	report_caches(before, now, count);
	printf("page-tables %.0f\n", (double)(int64_t)(now->tables - before->tables) / (double)count);
	printf("socket-buffers %.0f\n", (double)(int64_t)(now->sockets - before->sockets) / (double)count);
	qsort(got, all, sizeof(*got), compare);
	for (size_t i = 0; i < all; i++)
		sum += got[i];
	printf("slowest %.0f\nmedian %.0f\nfastest %.0f\nall %.0f\n", got[0], got[all / 2], got[all - 1], sum);
}

int main(int argc, char **argv)
{
	size_t count, rate;
	static struct held before, now;
	unsigned seconds;

	if (argc != 7)
		die("usage: see the head of crowd.c");
	server = atoi(argv[1]);
	port = (unsigned short)atoi(argv[2]);
	count = strtoul(argv[4], NULL, 10);
	rate = strtoul(argv[5], NULL, 10);
	seconds = (unsigned)atoi(argv[6]);
	fds = calloc(count + WARM, sizeof(*fds));
	got = calloc(count + WARM, sizeof(*got));
	if (!fds || !got || !count || !rate)
		die("no memory");
	prepare();
	for (size_t i = 0; i < WARM; i++)
		fds[i] = begin(argv[3]);
	rounds(WARM, rate, 2);
	look(&before);
	for (size_t i = WARM; i < WARM + count; i++)
		fds[i] = begin(argv[3]);
	rounds(WARM + count, rate, seconds / 2);
	memset(got, 0, (WARM + count) * sizeof(*got));
	rounds(WARM + count, rate, seconds - seconds / 2);
	look(&now);
	report(&before, &now, count);
	free(fds);
	free(got);
	put_away();
	return 0;
}
