// SPDX-License-Identifier: MIT
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "tlsring.h"
#include "tools/common/log.h"
#include "tools/serve/connection.h"
#include "tools/serve/http/http1.h"
#include "tools/serve/http/worker.h"
#include "tools/serve/http2/session.h"
#include "tools/serve/sandbox/sandbox.h"
#include "tools/serve/server.h"
#include "tools/serve/site/mapping.h"
#include "tools/serve/threads.h"
#include "tools/tools.h"

#define THREADS_LISTER_NICE	10

static void threads_explain(int error)
{
	char text[160];
	const char *remedy = "";

	if (error == -EPERM || error == -ENOSYS)
		remedy = "; this user may not use io_uring: "
			 "use --io auto or epoll, or see `tlsring doctor`";
	else if (error == -EMFILE)
		remedy = "; fewer --threads, or more descriptors (ulimit -n)";
	else if (error == -ENOMEM)
		remedy = "; fewer --threads, or more memory that may be locked (ulimit -l)";
	log_line("cannot start: %s%s", tlsring_strerror(error, text, sizeof(text)), remedy);
}

static void worker_free(struct worker *worker)
{
	if (!worker)
		return;
	http2_worker_free(worker->http2);
	lister_client_free(worker->lister);
	site_cache_free(worker->files);
	site_mappings_free(worker->mappings);
	hosts_put(worker->hosts);
	free(worker->idle);
	free(worker);
}

/* files: how many open files the worker may keep. 0; -ENOMEM; -EMFILE. */
static int worker_new(struct worker **out, struct hosts_current *current, unsigned files,
		      struct lister *lister, struct accounting *accounting)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int ret;

	if (!worker)
		return -ENOMEM;
	worker->current = current;
	worker->accounting = accounting;
	ret = http1_idle_new(&worker->idle, worker);
	if (!ret && files)
		ret = site_mappings_new(&worker->mappings);
	if (!ret && files)
		ret = site_cache_new(&worker->files, files, worker->mappings);
	if (!ret)
		ret = lister_client_new(&worker->lister, lister);
	if (!ret)
		ret = http2_worker_new(&worker->http2);
	if (ret) {
		worker_free(worker);
		return ret;
	}
	response_init(&worker->response, worker->files, worker->lister);
	*out = worker;
	return 0;
}

/* Each thread listens on its own sockets. Inherited sockets can be more than threads, when a
 * thread takes several, or fewer, when threads share one. */
static int threads_listen(struct server *s, struct server_thread *thread, unsigned index)
{
	unsigned threads = s->thread_count;
	int ret = 0;

	for (size_t i = 0; i < s->listen.count; i++) {
		const struct listen_address *a = &s->listen.addresses[i];

		for (unsigned j = a->count < threads ? index % a->count : index;
		     !ret && j < a->count; j += a->count < threads ? a->count : threads)
			ret = tlsring_engine_listen(thread->engine, s->ctx, a->fds[j],
						    &connection_handlers, thread->worker->idle);
	}
	return ret;
}

/* The CPU for the thread with this index, of those that we may run on; -1: any. */
static int threads_cpu(unsigned index)
{
	cpu_set_t cpus;

	if (sched_getaffinity(0, sizeof(cpus), &cpus))
		return -1;
	index %= (unsigned)CPU_COUNT(&cpus);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &cpus) && !index--)
			return cpu;
	return -1;
}

/* Called by the thread itself, so that kernel workers of its ring inherit the CPU. */
static void threads_pin(int cpu)
{
	cpu_set_t cpus;
	int ret;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	ret = pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	if (ret)
		log_line("cannot keep a thread on CPU %d: %s; it may run on any", cpu,
			 strerror(ret));
}

static int threads_new_one(struct server *s, const struct config *config, unsigned index)
{
	struct tlsring_engine_options options = {
		.size = sizeof(options), .io = config->io,
		.handshake_timeout = 1000 * config->limits.handshake_timeout,
		.idle_timeout = 1000 * config->limits.idle_timeout,
		.min_rate = config->limits.min_rate,
	};
	struct server_thread *thread = &s->threads[index];
	int ret;

	thread->done = s->done;
	thread->cpu = config->pin ? threads_cpu(index) : -1;
	thread->landlock = s->landlock;
	ret = worker_new(&thread->worker, s->current, config->file_cache, s->lister,
			 telemetry_accounting(s->telemetry, index));
	if (!ret)
		ret = tlsring_engine_new(&thread->engine, &options);
	if (ret)
		return ret;
	lister_client_watch(thread->worker->lister, thread->engine);
	if (thread->worker->files)
		ret = site_cache_watch(thread->worker->files, thread->engine);
	if (ret)
		return ret;
	if (thread->worker->mappings)
		site_mappings_watch(thread->worker->mappings, thread->engine);
	telemetry_accounting(s->telemetry, index)->engine = thread->engine;
	return threads_listen(s, thread, index);
}

int threads_new(struct server *s, const struct config *config)
{
	s->threads = calloc(s->thread_count, sizeof(*s->threads));
	if (!s->threads || lister_new(&s->lister)) {
		threads_explain(-ENOMEM);
		return TOOLS_FAILED;
	}
	for (unsigned i = 0; i < s->thread_count; i++) {
		int ret = threads_new_one(s, config, i);

		if (ret) {
			threads_explain(ret);
			return TOOLS_FAILED;
		}
	}
	return 0;
}

static void *threads_run(void *arg)
{
	struct server_thread *thread = arg;
	uint64_t one = 1;

	if (thread->cpu >= 0)
		threads_pin(thread->cpu);
	sandbox_enter(thread->landlock);
	thread->result = tlsring_engine_run(thread->engine);
	if (write(thread->done, &one, sizeof(one)) < 0)
		log_line("cannot tell that a thread ended: %s", strerror(errno));
	return NULL;
}

/* Serving comes first: the lister takes what time is left. */
static void *threads_list(void *arg)
{
	struct server *s = arg;

	setpriority(PRIO_PROCESS, (id_t)gettid(), THREADS_LISTER_NICE);
	sandbox_enter(s->landlock);
	lister_run(s->lister);
	return NULL;
}

static int threads_start_lister(struct server *s)
{
	int ret = pthread_create(&s->lister_thread, NULL, threads_list, s);

	s->listing = !ret;
	return ret;
}

int threads_start(struct server *s)
{
	int ret = threads_start_lister(s);

	for (unsigned i = 0; i < s->thread_count; i++) {
		if (!ret)
			ret = pthread_create(&s->threads[i].thread, NULL, threads_run,
					     &s->threads[i]);
		if (ret) {
			log_line("cannot start a thread: %s; fewer --threads", strerror(ret));
			return TOOLS_FAILED;
		}
		s->threads[i].running = true;
	}
	return 0;
}

void threads_stop(struct server *s, unsigned grace)
{
	for (unsigned i = 0; i < s->thread_count; i++)
		if (s->threads[i].running)
			tlsring_engine_stop(s->threads[i].engine, grace);
}

void threads_drain(struct server *s, unsigned grace)
{
	for (unsigned i = 0; i < s->thread_count; i++)
		if (s->threads[i].running)
			tlsring_engine_drain(s->threads[i].engine, grace);
}

int threads_join(struct server *s)
{
	char text[160];
	int ret = 0;

	for (unsigned i = 0; i < s->thread_count; i++) {
		if (!s->threads[i].running)
			continue;
		pthread_join(s->threads[i].thread, NULL);
		s->threads[i].running = false;
		if (!s->threads[i].result)
			continue;
		log_line("a thread ended: %s",
			 tlsring_strerror(s->threads[i].result, text, sizeof(text)));
		ret = TOOLS_FAILED;
	}
	return ret;
}

void threads_free(struct server *s)
{
	if (s->listing) {
		lister_stop(s->lister);
		pthread_join(s->lister_thread, NULL);
	}
	for (unsigned i = 0; s->threads && i < s->thread_count; i++) {
		tlsring_engine_free(s->threads[i].engine);
		worker_free(s->threads[i].worker);
	}
	lister_free(s->lister);
	free(s->threads);
	s->threads = NULL;
}
