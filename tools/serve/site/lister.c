// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "tools/serve/site/lister.h"
#include "tools/serve/site/site.h"
#include "tlsring.h"

/* A listing that is to be made. The lister's from lister_ask() until it is in `finished`, except
 * for the members that only the serving thread uses. */
struct lister_job {
	STAILQ_ENTRY(lister_job) link;	/* in `jobs` or `finished` */
	LIST_ENTRY(lister_job) pending;	/* the serving thread's */
	LIST_HEAD(, lister_waiter) waiters;	/* the serving thread's */
	struct lister_client *client;
	bool started;			/* reading has begun; under the lister's lock */
	int root;			/* owned: the site may go with a reload */
	struct listing_key key;
	struct stat folder;		/* before it is read */
	time_t made;
	int result;
	char *text;			/* owned */
	size_t len;
	char path[];
};

STAILQ_HEAD(lister_jobs, lister_job);

struct lister {
	pthread_mutex_t lock;		/* guards all below, and clients' `finished` */
	pthread_cond_t wake;
	struct lister_jobs jobs;	/* owned */
	bool stop;
};

struct lister_client {
	struct lister *lister;
	struct tlsring_engine *engine;	/* NULL: not yet */
	struct listing_cache cache;
	LIST_HEAD(, lister_job) pending;
	unsigned count;			/* of pending */
	int ready;			/* owned; an eventfd: something is finished */
	bool polled;			/* the engine waits for it */
	struct lister_jobs finished;	/* owned; under the lister's lock */
	size_t bytes;			/* of texts, as far as known; under that lock too */
};

/* ---- the lister ---- */

int lister_new(struct lister **out)
{
	struct lister *lister = calloc(1, sizeof(*lister));

	if (!lister)
		return -ENOMEM;
	pthread_mutex_init(&lister->lock, NULL);
	pthread_cond_init(&lister->wake, NULL);
	STAILQ_INIT(&lister->jobs);
	*out = lister;
	return 0;
}

static void job_free(struct lister_job *job)
{
	if (job->root >= 0)
		close(job->root);
	free(job->text);
	free(job);
}

static void jobs_free(struct lister_jobs *jobs)
{
	struct lister_job *job;

	while ((job = STAILQ_FIRST(jobs))) {
		STAILQ_REMOVE_HEAD(jobs, link);
		job_free(job);
	}
}

static void lister_finish(struct lister *lister, struct lister_job *job)
{
	uint64_t one = 1;

	pthread_mutex_lock(&lister->lock);
	STAILQ_INSERT_TAIL(&job->client->finished, job, link);
	job->client->bytes += job->len;
	pthread_mutex_unlock(&lister->lock);
	/* A full eventfd has already woken the loop. */
	if (write(job->client->ready, &one, sizeof(one)) < 0)
		return;
}

/* The next job, or NULL: stop. *full: its client has too many texts. */
static struct lister_job *lister_next(struct lister *lister, bool *full)
{
	struct lister_job *job;

	pthread_mutex_lock(&lister->lock);
	while (!lister->stop && STAILQ_EMPTY(&lister->jobs))
		pthread_cond_wait(&lister->wake, &lister->lock);
	job = lister->stop ? NULL : STAILQ_FIRST(&lister->jobs);
	if (job) {
		STAILQ_REMOVE_HEAD(&lister->jobs, link);
		job->started = true;
		*full = job->client->bytes > LISTING_BYTES;
	}
	pthread_mutex_unlock(&lister->lock);
	return job;
}

void lister_run(struct lister *lister)
{
	struct lister_job *job;
	bool full;

	while ((job = lister_next(lister, &full))) {
		job->result = full ? -EAGAIN :
			listing_make(job->root, job->path, &job->key.form, &job->text, &job->len);
		close(job->root);
		job->root = -1;
		lister_finish(lister, job);
	}
}

void lister_stop(struct lister *lister)
{
	pthread_mutex_lock(&lister->lock);
	lister->stop = true;
	pthread_cond_signal(&lister->wake);
	pthread_mutex_unlock(&lister->lock);
}

void lister_free(struct lister *lister)
{
	if (!lister)
		return;
	jobs_free(&lister->jobs);
	pthread_cond_destroy(&lister->wake);
	pthread_mutex_destroy(&lister->lock);
	free(lister);
}

/* ---- a serving thread ---- */

int lister_client_new(struct lister_client **out, struct lister *lister)
{
	struct lister_client *client = calloc(1, sizeof(*client));

	if (!client)
		return -ENOMEM;
	client->lister = lister;
	STAILQ_INIT(&client->finished);
	client->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (client->ready < 0) {
		int error = errno;

		free(client);
		return -error;
	}
	*out = client;
	return 0;
}

void lister_client_free(struct lister_client *client)
{
	if (!client)
		return;
	jobs_free(&client->finished);
	listing_cache_free(&client->cache);
	close(client->ready);
	free(client);
}

void lister_client_watch(struct lister_client *client, struct tlsring_engine *engine)
{
	client->engine = engine;
}

/* Hand the finished text to all who wait for it. */
static void client_complete(struct lister_client *client, struct lister_job *job)
{
	struct lister_waiter *waiter;
	struct site_file *file = NULL;
	int ret = job->result;

	LIST_REMOVE(job, pending);
	client->count--;
	if (!ret) {
		ret = listing_cache_add(&client->cache, &job->key, &job->folder, job->made,
					job->text, job->len, &file);
		job->text = NULL;
	}
	while ((waiter = LIST_FIRST(&job->waiters))) {
		LIST_REMOVE(waiter, link);
		if (file)
			file->references++;
		waiter->done(waiter, ret, file);
	}
	if (file)
		site_file_put(file);
	job_free(job);
}

static void client_ready(int fd, int events, void *user);

static int client_poll(struct lister_client *client)
{
	int ret = 0;

	if (!client->polled)
		ret = tlsring_engine_poll(client->engine, client->ready, POLLIN, client_ready,
					  client);
	client->polled = !ret;
	return ret;
}

static void client_ready(int fd, int events, void *user)
{
	struct lister_client *client = user;
	struct lister_jobs finished = STAILQ_HEAD_INITIALIZER(finished);
	struct lister_job *job;
	uint64_t count;

	(void)events;
	client->polled = false;
	if (read(fd, &count, sizeof(count)) == sizeof(count)) {
		pthread_mutex_lock(&client->lister->lock);
		STAILQ_CONCAT(&finished, &client->finished);
		pthread_mutex_unlock(&client->lister->lock);
	}
	while ((job = STAILQ_FIRST(&finished))) {
		STAILQ_REMOVE_HEAD(&finished, link);
		client_complete(client, job);
	}
	pthread_mutex_lock(&client->lister->lock);
	client->bytes = client->cache.bytes;
	STAILQ_FOREACH(job, &client->finished, link)
		client->bytes += job->len;
	pthread_mutex_unlock(&client->lister->lock);
	if (client->count)
		client_poll(client);
}

int lister_find(struct lister_client *client, const struct site *site, const char *path,
		const struct listing_form *form, struct site_file **out)
{
	const struct listing_key key = { site->number, *form, path };
	struct stat folder;
	int ret = site_stat(site, *path ? path : ".", &folder);

	if (ret)
		return ret;
	*out = listing_cache_find(&client->cache, &key, &folder, time(NULL));
	if (*out)
		return 0;
	return client->cache.bytes > LISTING_BYTES ? -EAGAIN : 1;
}

/* Will the listing show the folder as it is now? One whose reading has begun does so only if the
 * folder has not changed since, and could not do so within a tick of its clock. */
static bool job_current(const struct lister_job *job, const struct stat *folder)
{
	return !job->started || (job->folder.st_ctim.tv_sec == folder->st_ctim.tv_sec &&
				 job->folder.st_ctim.tv_nsec == folder->st_ctim.tv_nsec &&
				 folder->st_ctim.tv_sec + SITE_STAMP_SETTLED < job->made);
}

static struct lister_job *client_pending(struct lister_client *client,
					 const struct listing_key *key, const struct stat *folder)
{
	struct lister_job *job;

	pthread_mutex_lock(&client->lister->lock);
	LIST_FOREACH(job, &client->pending, pending)
		if (listing_key_same(&job->key, key) && job_current(job, folder))
			break;
	pthread_mutex_unlock(&client->lister->lock);
	return job;
}

static int client_start(struct lister_client *client, const struct site *site,
			const struct listing_key *key, const struct stat *folder,
			struct lister_job **out)
{
	size_t size = strlen(key->path) + 1;
	struct lister_job *job;
	int ret;

	if (client->count == LISTER_JOBS)
		return -EAGAIN;
	ret = client_poll(client);
	if (ret)
		return ret;
	job = calloc(1, sizeof(*job) + size);
	if (!job)
		return -ENOMEM;
	job->root = fcntl(site->root, F_DUPFD_CLOEXEC, 0);
	if (job->root < 0) {
		ret = -errno;
		job_free(job);
		return ret;
	}
	memcpy(job->path, key->path, size);
	job->client = client;
	job->key = *key;
	job->key.path = job->path;
	job->folder = *folder;
	job->made = time(NULL);
	LIST_INSERT_HEAD(&client->pending, job, pending);
	client->count++;
	pthread_mutex_lock(&client->lister->lock);
	STAILQ_INSERT_TAIL(&client->lister->jobs, job, link);
	pthread_cond_signal(&client->lister->wake);
	pthread_mutex_unlock(&client->lister->lock);
	*out = job;
	return 0;
}

int lister_ask(struct lister_client *client, const struct site *site, const char *path,
	       const struct listing_form *form, struct lister_waiter *waiter)
{
	const struct listing_key key = { site->number, *form, path };
	struct lister_job *job;
	struct stat folder;
	int ret = site_stat(site, *path ? path : ".", &folder);

	if (ret)
		return ret;
	job = client_pending(client, &key, &folder);
	if (!job)
		ret = client_start(client, site, &key, &folder, &job);
	if (!ret)
		LIST_INSERT_HEAD(&job->waiters, waiter, link);
	return ret;
}

void lister_cancel(struct lister_waiter *waiter)
{
	LIST_REMOVE(waiter, link);
}
