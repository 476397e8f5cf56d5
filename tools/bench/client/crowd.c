// SPDX-License-Identifier: MIT
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include "tools/bench/client/crowd.h"
#include "tools/bench/options.h"

/* A client's part of so many; parts differ by one at most. */
static uint64_t crowd_share(uint64_t all, unsigned count, unsigned which)
{
	return all / count + (which < all % count);
}

int bench_crowd_open(struct bench_crowd *crowd, const struct bench_setup *setup,
		     const struct bench_mode *mode, const struct sockaddr_storage *to)
{
	const struct bench_options *options = setup->options;
	unsigned count = options->client_threads;
	int ret = 0;

	*crowd = (struct bench_crowd){
		.clients = calloc(count, sizeof(*crowd->clients)),
		.samples = calloc(count, sizeof(*crowd->samples)),
	};
	if (!crowd->clients || !crowd->samples)
		return -ENOMEM;
	while (!ret && crowd->count < count) {
		unsigned i = crowd->count++;

		crowd->clients[i].epoll = -1;
		ret = bench_samples_new(&crowd->samples[i]);
		if (!ret)
			ret = bench_client_open(
				&crowd->clients[i], setup, mode,
				(unsigned)crowd_share(options->connections, count, i), i, to);
	}
	return ret;
}

int bench_crowd_dial(struct bench_crowd *crowd, unsigned connections)
{
	int ret = 0;

	for (unsigned i = 0; i < crowd->count && !ret; i++)
		ret = bench_client_dial(&crowd->clients[i],
					(unsigned)crowd_share(connections, crowd->count, i));
	return ret;
}

/* ---- threads ---- */

struct crowd_thread {
	struct bench_client *client;
	struct bench_samples *samples;
	struct bench_load load;
	pthread_t thread;
	int result;
};

static void *crowd_thread(void *arg)
{
	struct crowd_thread *t = arg;

	t->result = bench_client_run(t->client, &t->load, t->samples);
	return NULL;
}

static void crowd_add(struct bench_samples *all, const struct bench_samples *one)
{
	hdr_add(all->requests, one->requests);
	hdr_add(all->handshakes, one->handshakes);
	all->seconds = one->seconds > all->seconds ? one->seconds : all->seconds;
	all->cpu += one->cpu;
}

static void crowd_load(struct bench_load *out, const struct bench_load *load, unsigned count,
		       unsigned which)
{
	*out = (struct bench_load){
		.requests = crowd_share(load->requests, count, which), .seconds = load->seconds,
		.rate = (unsigned)crowd_share(load->rate, count, which),
	};
	/* Zero means something else. */
	if (load->requests && !out->requests)
		out->requests = 1;
	if (load->rate && !out->rate)
		out->rate = 1;
}

/* The first client's load runs in the caller's thread. */
int bench_crowd_run(struct bench_crowd *crowd, const struct bench_load *load,
		    struct bench_samples *samples)
{
	struct crowd_thread *threads = calloc(crowd->count, sizeof(*threads));
	unsigned started = 1;
	int ret = threads ? 0 : -ENOMEM;

	for (unsigned i = 0; i < crowd->count && !ret; i++) {
		threads[i].client = &crowd->clients[i];
		threads[i].samples = &crowd->samples[i];
		crowd_load(&threads[i].load, load, crowd->count, i);
	}
	while (!ret && started < crowd->count) {
		ret = -pthread_create(&threads[started].thread, NULL, crowd_thread,
				      &threads[started]);
		started += !ret;
	}
	if (threads && !ret)
		crowd_thread(&threads[0]);
	hdr_reset(samples->requests);
	hdr_reset(samples->handshakes);
	samples->seconds = samples->cpu = 0;
	for (unsigned i = 0; threads && i < started; i++) {
		if (i)
			pthread_join(threads[i].thread, NULL);
		ret = ret ? ret : threads[i].result;
		crowd_add(samples, &crowd->samples[i]);
	}
	free(threads);
	return ret;
}

/* ---- sums ---- */

void bench_crowd_wire(const struct bench_crowd *crowd, uint64_t bytes[2])
{
	bytes[0] = bytes[1] = 0;
	for (unsigned i = 0; i < crowd->count; i++) {
		uint64_t own[2];

		bench_client_wire(&crowd->clients[i], own);
		bytes[0] += own[0];
		bytes[1] += own[1];
	}
}

unsigned bench_crowd_opened(const struct bench_crowd *crowd)
{
	unsigned opened = 0;

	for (unsigned i = 0; i < crowd->count; i++)
		opened += crowd->clients[i].opened;
	return opened;
}

void bench_crowd_close(struct bench_crowd *crowd)
{
	for (unsigned i = 0; i < crowd->count; i++) {
		bench_client_close(&crowd->clients[i]);
		bench_samples_free(&crowd->samples[i]);
	}
	free(crowd->clients);
	free(crowd->samples);
	*crowd = (struct bench_crowd){ 0 };
}
