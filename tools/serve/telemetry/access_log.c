// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include "tools/serve/telemetry/access_log.h"
#include "tools/common/log.h"

#define ACCESS_BATCH	50	/* msecs that the writer waits for more lines after the first */
#define ACCESS_PIPE	4096	/* bytes that a pipe takes at once when it polls writable */
#define ACCESS_PATIENCE	5000	/* msecs that the reader of a pipe has when we stop */

/* head: bytes that the serving thread has written; tail: bytes that the writer has taken. */
struct access_ring {
	_Alignas(64) _Atomic uint64_t head;
	_Atomic uint64_t lost;	/* lines; written by the serving thread */
	_Alignas(64) _Atomic uint64_t tail;
	_Alignas(64) struct access_log *log;
	char bytes[ACCESS_RING];
};

struct access_log {
	pthread_t thread;
	const char *path;	/* the caller's */
	struct access_ring **rings;	/* owned */
	unsigned count;
	int fd;			/* owned, unless it is standard output */
	int wake;		/* owned; an eventfd */
	bool regular;		/* writing to it never waits for a reader */
	bool torn;		/* the file ends within a line, for lack of space */
	_Atomic bool sleeping;	/* the writer waits for a line */
	_Atomic int fresh;	/* owned; the file opened anew; -1: there is none */
	_Atomic bool stop;
	void (*enter)(void);	/* or NULL */
	bool started;
	_Atomic uint64_t lost;	/* lines that could not be written */
	int error;		/* the last error that was logged */
};

static void access_wake(struct access_log *log)
{
	uint64_t one = 1;

	/* A full eventfd has already woken the writer. */
	if (write(log->wake, &one, sizeof(one)) < 0)
		return;
}

/* ---- the serving threads ---- */

void access_ring_put(struct access_ring *ring, const char *line, size_t len)
{
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
	size_t at = head % ACCESS_RING, used = (size_t)(head - tail), first = ACCESS_RING - at;
	struct access_log *log = ring->log;

	if (len > ACCESS_RING - used) {
		atomic_store_explicit(&ring->lost, ring->lost + 1, memory_order_relaxed);
		return;
	}
	if (first > len)
		first = len;
	memcpy(ring->bytes + at, line, first);
	memcpy(ring->bytes, line + first, len - first);
	/* Sequentially consistent: the writer sets `sleeping`, then reads head. */
	atomic_store(&ring->head, head + len);
	if (atomic_load(&log->sleeping) ? atomic_exchange(&log->sleeping, false) :
					  used <= ACCESS_RING / 2 && used + len > ACCESS_RING / 2)
		access_wake(log);
}

/* ---- the file ---- */

/* A FIFO is opened for both ways where nobody reads it yet: we neither wait for a reader here,
 * nor do lines fail with SIGPIPE's error. */
static int access_open_path(const char *path)
{
	const int flags = O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd = open(path, O_WRONLY | flags, 0640);

	if (fd < 0 && errno == ENXIO)
		fd = open(path, O_RDWR | flags, 0640);
	return fd;
}

static int access_open(const struct access_log *log)
{
	int fd = STDOUT_FILENO;

	if (strcmp(log->path, "-"))
		fd = access_open_path(log->path);
	return fd < 0 ? -errno : fd;
}

static void access_take(struct access_log *log, int fd)
{
	struct stat status;

	if (log->fd > STDERR_FILENO)
		close(log->fd);
	log->fd = fd;
	log->torn = false;
	log->regular = !fstat(fd, &status) && S_ISREG(status.st_mode);
}

/* False: nobody reads the pipe, and we are to stop. */
static bool access_ready(struct access_log *log)
{
	struct pollfd poller = { .fd = log->fd, .events = POLLOUT };
	int waited = 0;

	while (!log->regular && !poll(&poller, 1, 100)) {
		waited = atomic_load(&log->stop) ? waited + 100 : 0;
		if (waited >= ACCESS_PATIENCE)
			return false;
	}
	return true;
}

static uint64_t access_lines(const struct iovec *v)
{
	const char *bytes = v->iov_base;
	uint64_t lines = 0;

	for (size_t i = 0; i < v->iov_len; i++)
		lines += bytes[i] == '\n';
	return lines;
}

static void access_fail(struct access_log *log, const struct iovec v[2], char last, int error)
{
	log->torn |= last != '\n';
	atomic_fetch_add(&log->lost, access_lines(&v[0]) + access_lines(&v[1]));
	if (log->error != error)
		log_line("cannot write to the access log %s: %s; lines are lost", log->path,
			 strerror(error));
	log->error = error;
}

/* End a torn line, so that the next line begins on its own. */
static bool access_mend(struct access_log *log)
{
	if (log->torn && write(log->fd, "\n", 1) == 1)
		log->torn = false;
	return !log->torn;
}

/* Write v[0], then v[1], in one write: lines of two processes do not mix while a new binary takes
 * over. */
static void access_write(struct access_log *log, struct iovec v[2])
{
	char last = '\n';

	while (v[0].iov_len) {
		struct iovec piece = { v[0].iov_base,
				       v[0].iov_len < ACCESS_PIPE ? v[0].iov_len : ACCESS_PIPE };
		ssize_t done = -1;
		size_t step;

		errno = ETIMEDOUT;
		if (access_ready(log) && access_mend(log))
			done = log->regular ? writev(log->fd, v, 2) : writev(log->fd, &piece, 1);
		if (done < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (done < 0) {
			access_fail(log, v, last, errno);
			return;
		}
		log->error = 0;
		step = (size_t)done < v[0].iov_len ? (size_t)done : v[0].iov_len;
		v[0].iov_base = (char *)v[0].iov_base + step;
		v[0].iov_len -= step;
		v[1].iov_base = (char *)v[1].iov_base + (done - step);
		last = ((char *)v[(size_t)done > step].iov_base)[-1];
		v[1].iov_len -= (size_t)done - step;
		if (!v[0].iov_len) {
			v[0] = v[1];
			v[1].iov_len = 0;
		}
	}
}

/* ---- the writer ---- */

static void access_drain(struct access_log *log, struct access_ring *ring)
{
	uint64_t head = atomic_load(&ring->head), tail = ring->tail;

	size_t at = tail % ACCESS_RING, len = (size_t)(head - tail);
	size_t first = len < ACCESS_RING - at ? len : ACCESS_RING - at;
	struct iovec v[2] = { { ring->bytes + at, first }, { ring->bytes, len - first } };

	access_write(log, v);
	atomic_store_explicit(&ring->tail, head, memory_order_release);
}

static bool access_empty(const struct access_log *log)
{
	for (unsigned i = 0; i < log->count; i++)
		if (atomic_load(&log->rings[i]->head) != log->rings[i]->tail)
			return false;
	return true;
}

/* Wait for a line, then a moment longer for more. */
static void access_wait(struct access_log *log)
{
	struct pollfd poller = { .fd = log->wake, .events = POLLIN };
	uint64_t count;

	atomic_store(&log->sleeping, true);
	if (access_empty(log) && !atomic_load(&log->stop) && atomic_load(&log->fresh) < 0) {
		poll(&poller, 1, -1);
		if (read(log->wake, &count, sizeof(count)) < 0)
			return;
	}
	atomic_store(&log->sleeping, false);
	if (!atomic_load(&log->stop) && poll(&poller, 1, ACCESS_BATCH) > 0 &&
	    read(log->wake, &count, sizeof(count)) < 0)
		return;
}

static void *access_run(void *arg)
{
	struct access_log *log = arg;
	bool stop;
	int fd;

	if (log->enter)
		log->enter();
	do {
		access_wait(log);
		stop = atomic_load(&log->stop);
		fd = atomic_exchange(&log->fresh, -1);
		if (fd >= 0)
			access_take(log, fd);
		for (unsigned i = 0; i < log->count; i++)
			access_drain(log, log->rings[i]);
	} while (!stop);
	return NULL;
}

/* ---- life ---- */

static void access_free(struct access_log *log)
{
	for (unsigned i = 0; log->rings && i < log->count; i++)
		free(log->rings[i]);
	free(log->rings);
	if (log->fd > STDERR_FILENO)
		close(log->fd);
	if (log->fresh > STDERR_FILENO)
		close(log->fresh);
	if (log->wake >= 0)
		close(log->wake);
	free(log);
}

static int access_rings(struct access_log *log, unsigned count)
{
	log->rings = calloc(count, sizeof(*log->rings));
	if (!log->rings)
		return -ENOMEM;
	for (; log->count < count; log->count++) {
		struct access_ring *ring = aligned_alloc(64, sizeof(*ring));

		if (!ring)
			return -ENOMEM;
		atomic_init(&ring->head, 0);
		atomic_init(&ring->tail, 0);
		atomic_init(&ring->lost, 0);
		ring->log = log;
		log->rings[log->count] = ring;
	}
	return 0;
}

int access_log_open(struct access_log **out, const char *path, unsigned rings)
{
	struct access_log *log = calloc(1, sizeof(*log));
	int ret;

	if (!log)
		return -ENOMEM;
	log->path = path;
	log->fd = -1;
	atomic_init(&log->fresh, -1);
	log->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ret = log->wake < 0 ? -errno : access_open(log);
	if (ret >= 0) {
		access_take(log, ret);
		ret = access_rings(log, rings);
	}
	/* Read the time zone's file before the sandbox hides it. */
	tzset();
	if (ret) {
		access_free(log);
		return ret;
	}
	*out = log;
	return 0;
}

int access_log_start(struct access_log *log, void (*enter)(void))
{
	int ret;

	log->enter = enter;
	ret = -pthread_create(&log->thread, NULL, access_run, log);
	log->started = !ret;
	return ret;
}

struct access_ring *access_log_ring(struct access_log *log, unsigned index)
{
	return log->rings[index];
}

void access_log_reopen(struct access_log *log)
{
	int fd = access_open(log);

	if (fd < 0) {
		log_line("cannot reopen the access log %s: %s; writing to the old file",
			 log->path, strerror(-fd));
		return;
	}
	fd = atomic_exchange(&log->fresh, fd);
	if (fd > STDERR_FILENO)
		close(fd);
	access_wake(log);
}

uint64_t access_log_lost(const struct access_log *log)
{
	uint64_t lost = atomic_load(&log->lost);

	for (unsigned i = 0; i < log->count; i++)
		lost += atomic_load_explicit(&log->rings[i]->lost, memory_order_relaxed);
	return lost;
}

void access_log_close(struct access_log *log)
{
	uint64_t lost;

	if (!log)
		return;
	atomic_store(&log->stop, true);
	access_wake(log);
	if (log->started)
		pthread_join(log->thread, NULL);
	lost = access_log_lost(log);
	if (lost)
		log_line("the access log %s lacks %llu lines that could not be written in time",
			 log->path, (unsigned long long)lost);
	access_free(log);
}
