// SPDX-License-Identifier: MIT
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "ktls/aead.h"
#include "ktls/control.h"
#include "ktls/cost.h"
#include "ktls/install.h"
#include "ktls/loopback.h"

#define COST_SEND (256 * 1024) /* bytes at a time, as the library sends them */
#define COST_ROUND (1024 * 1024)
#define COST_TIME 50000000 /* ns for all rounds */
#define COST_ROUNDS 2 /* of each kind, even if they take longer */

/* One way to send, and where it goes. */
struct cost_way {
	int fds[2]; /* -1: this way is not there */
	struct ktls_session *session;
	struct ktls_aead aead; /* keyed: sealed here */
	uint64_t best; /* ns; 0: no round yet */
};

struct cost_file {
	int fd;
	char *mapping;
	uint8_t *out; /* room for COST_SEND bytes, sealed */
};

static uint64_t cost_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Any keys will do. */
static struct ktls_session *cost_session(void)
{
	struct ktls_session *session;

	if (ktls_session_new(&session))
		return NULL;
	session->cipher = ktls_cipher_find(KTLS_TLS13, 0x1301);
	session->version = KTLS_TLS13;
	session->dir[KTLS_TX].len = 32;
	memset(session->dir[KTLS_TX].bytes, 1, 32);
	return session;
}

static int cost_way_open(struct cost_way *way, const struct ktls_loopback *loop, bool kernel)
{
	enum tlsring_reason why;
	int ret = ktls_loopback_pair(loop, way->fds);

	if (ret) {
		way->fds[0] = -1;
		return ret;
	}
	way->session = cost_session();
	if (!way->session)
		return -ENOMEM;
	if (!kernel)
		return ktls_aead_init(&way->aead, way->session, KTLS_TX, true,
				      &way->session->dir[KTLS_TX].seq);
	ret = ktls_install_ulp(way->fds[0], &why);
	return ret ? ret : ktls_install(way->fds[0], way->session, KTLS_TX, &why, NULL);
}

static void cost_way_close(struct cost_way *way)
{
	if (way->fds[0] >= 0)
		ktls_loopback_unpair(way->fds);
	ktls_aead_wipe(&way->aead);
	ktls_session_free(way->session);
}

/* Take what has come, unseen, so that more can be sent. False: the connection broke. */
static bool cost_drain(int fd)
{
	ssize_t got;

	do {
		got = recv(fd, NULL, 16 * COST_SEND, MSG_TRUNC | MSG_DONTWAIT);
	} while (got > 0);
	return got < 0 && errno == EAGAIN;
}

/* Send len bytes of data, or, if it is NULL, of the file, without waiting. */
static bool cost_send(const struct cost_way *way, const struct cost_file *file, const uint8_t *data,
		      size_t len)
{
	off_t offset = 0;
	ssize_t sent;

	while (len) {
		if (data)
			sent = send(way->fds[0], data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		else
			sent = sendfile(way->fds[0], file->fd, &offset,
					len < COST_SEND / 4 ? len : COST_SEND / 4);
		if (sent < 0 && errno != EAGAIN)
			return false;
		if (sent > 0) {
			len -= (size_t)sent;
			data = data ? data + sent : NULL;
		}
		if (!cost_drain(way->fds[1]))
			return false;
	}
	return true;
}

static size_t cost_seal(struct cost_way *way, const struct cost_file *file)
{
	struct iovec all = { file->mapping, COST_SEND };
	const struct iovec *piece = &all;
	uint8_t *at = file->out;
	size_t skip = 0;

	for (size_t left = COST_SEND; left; left -= KTLS_RECORD_PLAIN) {
		long sealed = ktls_aead_seal(&way->aead, KTLS_RECORD_APPLICATION, &piece, &skip,
					     KTLS_RECORD_PLAIN, at);

		if (sealed < 0)
			return 0;
		at += sealed;
	}
	return (size_t)(at - file->out);
}

static bool cost_round(struct cost_way *way, const struct cost_file *file)
{
	uint64_t began = cost_clock(CLOCK_THREAD_CPUTIME_ID), took;

	for (size_t left = COST_ROUND; left; left -= COST_SEND) {
		size_t len = way->aead.evp ? cost_seal(way, file) : COST_SEND;

		if (!len || !cost_send(way, file, way->aead.evp ? file->out : NULL, len))
			return false;
	}
	took = cost_clock(CLOCK_THREAD_CPUTIME_ID) - began;
	if (!way->best || took < way->best)
		way->best = took ? took : 1;
	return true;
}

/* In turns, since what else the machine does changes from one moment to the next. */
static void cost_rounds(struct cost_way ways[2], const bool there[2], const struct cost_file *file)
{
	uint64_t end = cost_clock(CLOCK_MONOTONIC) + COST_TIME;

	for (unsigned round = 0; round < COST_ROUNDS || cost_clock(CLOCK_MONOTONIC) < end; round++)
		for (int i = 0; i < 2; i++)
			if (there[i] && !cost_round(&ways[i], file)) {
				ways[i].best = 0;
				return;
			}
}

static bool cost_file_open(struct cost_file *file)
{
	file->fd = memfd_create("tlsring", MFD_CLOEXEC);
	if (file->fd < 0)
		return false;
	file->out = malloc(COST_SEND + (COST_SEND / KTLS_RECORD_PLAIN) * KTLS_RECORD_OVERHEAD);
	file->mapping = MAP_FAILED;
	if (file->out && !ftruncate(file->fd, COST_SEND))
		file->mapping =
			mmap(NULL, COST_SEND, PROT_READ | PROT_WRITE, MAP_SHARED, file->fd, 0);
	if (file->mapping == MAP_FAILED)
		return false;
	memset(file->mapping, 1, COST_SEND);
	return true;
}

static void cost_file_close(struct cost_file *file)
{
	if (file->mapping && file->mapping != MAP_FAILED)
		munmap(file->mapping, COST_SEND);
	free(file->out);
	if (file->fd >= 0)
		close(file->fd);
}

static struct ktls_cost cost_measured;
static pthread_once_t cost_once = PTHREAD_ONCE_INIT;

static void cost_measure(void)
{
	struct cost_way ways[2] = { { .fds = { -1, -1 } }, { .fds = { -1, -1 } } };
	struct cost_file file = { .fd = -1 };
	struct ktls_loopback loop;
	bool there[2];

	if (ktls_loopback_open(&loop))
		return;
	if (cost_file_open(&file)) {
		for (int i = 0; i < 2; i++)
			there[i] = !cost_way_open(&ways[i], &loop, i == 0);
		cost_rounds(ways, there, &file);
		cost_measured = (struct ktls_cost){ ways[0].best, ways[1].best };
	}
	cost_way_close(&ways[0]);
	cost_way_close(&ways[1]);
	cost_file_close(&file);
	close(loop.listener);
}

const struct ktls_cost *ktls_cost(void)
{
	pthread_once(&cost_once, cost_measure);
	return &cost_measured;
}
