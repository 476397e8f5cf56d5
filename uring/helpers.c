// SPDX-License-Identifier: MIT
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "uring/helpers.h"
#include "uring/op.h"

/*
 * Without a ring, threads that belong to the loop read files that are not in memory. They are
 * created when they are first needed and stay until the loop is freed. Of an operation they read
 * target, buf, len and offset, and write res.
 */

#define HELPERS_MAX	8

struct uring_helpers {
	pthread_mutex_t lock;
	pthread_cond_t wanted;
	struct uring_list todo, done;
	pthread_t threads[HELPERS_MAX];
	unsigned count, idle;
	int done_fd;
	bool stop;
};

int uring_helpers_new(struct uring_helpers **out)
{
	struct uring_helpers *helpers = calloc(1, sizeof(*helpers));
	int ret;

	if (!helpers)
		return -ENOMEM;
	helpers->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (helpers->done_fd < 0) {
		ret = -errno;
		free(helpers);
		return ret;
	}
	pthread_mutex_init(&helpers->lock, NULL);
	pthread_cond_init(&helpers->wanted, NULL);
	STAILQ_INIT(&helpers->todo);
	STAILQ_INIT(&helpers->done);
	*out = helpers;
	return 0;
}

int uring_helpers_fd(const struct uring_helpers *helpers)
{
	return helpers->done_fd;
}

static void helper_read(struct uring_op *op)
{
	ssize_t got;

	do
		got = pread(op->target, op->buf, op->len, (off_t)op->offset);
	while (got < 0 && errno == EINTR);
	op->res = got < 0 ? -errno : (int)got;
}

static void *helper_run(void *arg)
{
	struct uring_helpers *helpers = arg;
	struct uring_op *op;

	pthread_mutex_lock(&helpers->lock);
	for (;;) {
		helpers->idle++;
		while (STAILQ_EMPTY(&helpers->todo) && !helpers->stop)
			pthread_cond_wait(&helpers->wanted, &helpers->lock);
		helpers->idle--;
		if (helpers->stop)
			break;
		op = STAILQ_FIRST(&helpers->todo);
		STAILQ_REMOVE_HEAD(&helpers->todo, queued);
		pthread_mutex_unlock(&helpers->lock);
		helper_read(op);
		pthread_mutex_lock(&helpers->lock);
		if (STAILQ_EMPTY(&helpers->done))
			eventfd_write(helpers->done_fd, 1);
		STAILQ_INSERT_TAIL(&helpers->done, op, queued);
	}
	pthread_mutex_unlock(&helpers->lock);
	return NULL;
}

/* The thread blocks all signals: they are for the program's own threads. */
static void helpers_grow(struct uring_helpers *helpers)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (!pthread_create(&helpers->threads[helpers->count], NULL, helper_run, helpers))
		helpers->count++;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

bool uring_helpers_add(struct uring_helpers *helpers, struct uring_op *op)
{
	pthread_mutex_lock(&helpers->lock);
	if (!helpers->idle && helpers->count < HELPERS_MAX)
		helpers_grow(helpers);
	if (helpers->count) {
		uring_list_add(&helpers->todo, op);
		pthread_cond_signal(&helpers->wanted);
	}
	pthread_mutex_unlock(&helpers->lock);
	return helpers->count;
}

void uring_helpers_done(struct uring_helpers *helpers, struct uring_list *done)
{
	eventfd_t count;

	pthread_mutex_lock(&helpers->lock);
	STAILQ_CONCAT(done, &helpers->done);
	eventfd_read(helpers->done_fd, &count);
	pthread_mutex_unlock(&helpers->lock);
}

void uring_helpers_free(struct uring_helpers *helpers)
{
	pthread_mutex_lock(&helpers->lock);
	helpers->stop = true;
	pthread_cond_broadcast(&helpers->wanted);
	pthread_mutex_unlock(&helpers->lock);
	for (unsigned i = 0; i < helpers->count; i++)
		pthread_join(helpers->threads[i], NULL);
	pthread_cond_destroy(&helpers->wanted);
	pthread_mutex_destroy(&helpers->lock);
	close(helpers->done_fd);
	free(helpers);
}
