// SPDX-License-Identifier: MIT
/* A server of several threads, each with a loop or an engine and a port of its own. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "tools/bench/options.h"
#include "tools/bench/server/threads.h"

struct threads_one {
	struct bench_child child;
	int (*serve)(struct bench_child *child);
	pthread_t thread;
};

/* A thread that cannot serve sets the report's result, and closes its port. */
static void *threads_run(void *arg)
{
	struct threads_one *one = arg;
	struct bench_child *whole = one->child.whole;
	int ret = one->serve(&one->child);

	if (!ret)
		return NULL;
	pthread_mutex_lock(&whole->lock);
	whole->report.result = ret;
	pthread_mutex_unlock(&whole->lock);
	shutdown(one->child.listener, SHUT_RDWR);
	return NULL;
}

/* Returns how many were started; if fewer than count, errno says why. */
static unsigned threads_start(struct threads_one *all, unsigned count, struct bench_child *whole,
			      int stop, int (*serve)(struct bench_child *child))
{
	for (unsigned i = 0; i < count; i++) {
		all[i].child = (struct bench_child){
			.setup = whole->setup, .mode = whole->mode, .ctx = whole->ctx,
			.whole = whole,
			.listener = whole->listeners[i + 1], .control = stop,
		};
		all[i].serve = serve;
		errno = pthread_create(&all[i].thread, NULL, threads_run, &all[i]);
		if (errno)
			return i;
	}
	return count;
}

int bench_threads_serve(struct bench_child *child, int (*serve)(struct bench_child *child))
{
	unsigned others = child->setup->options->threads - 1, running;
	struct threads_one *all;
	int stop[2], ret;

	if (!others)
		return serve(child);
	all = calloc(others, sizeof(*all));
	if (!all || pipe2(stop, O_CLOEXEC)) {
		ret = -errno;
		free(all);
		return ret;
	}
	running = threads_start(all, others, child, stop[0], serve);
	ret = running < others ? -errno : serve(child);
	/* Other threads see that it is closed. */
	close(stop[1]);
	while (running)
		pthread_join(all[--running].thread, NULL);
	close(stop[0]);
	free(all);
	return ret;
}
