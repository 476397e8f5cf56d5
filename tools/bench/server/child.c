// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "tools/bench/client/samples.h"
#include "tools/bench/options.h"
#include "tools/bench/server/child.h"
#include "tools/bench/server/cold.h"
#include "tools/common/clock.h"

void bench_child_opened(struct bench_child *child, const struct tlsring_info *info)
{
	const struct tlsring_direction *measured;
	struct bench_child *whole = child->whole;
	enum bench_direction direction = child->setup->options->direction;

	measured = direction == BENCH_RECEIVE ? &info->rx : &info->tx;
	/* In both directions: the one that is further from a card. */
	if (direction == BENCH_BOTH && info->rx.path < info->tx.path)
		measured = &info->rx;
	pthread_mutex_lock(&whole->lock);
	whole->report.paths[measured->path]++;
	if (measured->reason)
		whole->report.why = measured->reason;
	if (whole->installs && info->install_ns)
		hdr_record_value(whole->installs, (int64_t)info->install_ns);
	pthread_mutex_unlock(&whole->lock);
}

bool bench_child_received(struct bench_child *child, uint64_t at, const void *data, size_t len)
{
	const struct bench_setup *setup = child->setup;

	if (child->compared || !setup->options->direction)
		return true;
	if (memcmp(setup->map + at, data, len)) {
		pthread_mutex_lock(&child->whole->lock);
		child->whole->report.result = -EILSEQ;
		pthread_mutex_unlock(&child->whole->lock);
		return false;
	}
	child->compared = at + len == setup->options->size;
	return true;
}

static void child_installs(struct bench_installs *out, struct hdr_histogram *h)
{
	*out = (struct bench_installs){
		.count = (uint64_t)h->total_count,
		.mean = h->total_count ? (uint64_t)hdr_mean(h) : 0,
		.p50 = (uint64_t)hdr_value_at_percentile(h, 50),
		.p99 = (uint64_t)hdr_value_at_percentile(h, 99),
	};
	hdr_reset(h);
}

/* Answering the question does not count as serving. */
static void child_usage(struct bench_child *child)
{
	uint64_t start = clock_ns(CLOCK_PROCESS_CPUTIME_ID);

	child->report.cpu = start - child->spent;
	if (child->installs)
		child_installs(&child->report.installs, child->installs);
	if (child->setup->copies)
		child->report.disk = bench_health_disk_read();
	/* Freed memory does not count: handshakes and the parent have left much of it. */
	if (child->mode->lifetime == BENCH_IDLE)
		child->report.memory = bench_health_memory();
	if (child->mode->lifetime == BENCH_SOAK) {
		bench_health_look(&child->report.health);
		child->report.health.rekeys = child->rekeys;
	}
	child->spent += clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start;
}

bool bench_child_asked(struct bench_child *child)
{
	char question;
	bool told;

	if (read(child->control, &question, 1) != 1)
		return false;
	pthread_mutex_lock(&child->lock);
	if (child->usage)
		child->report.result = child->usage(child);
	else
		child_usage(child);
	bench_counters_read(&child->counters, &child->report.counted);
	told = write(child->control, &child->report, sizeof(child->report)) ==
	       sizeof(child->report);
	pthread_mutex_unlock(&child->lock);
	return told;
}

struct bench_copy bench_child_copy(const struct bench_child *child)
{
	const struct bench_setup *s = child->setup;
	const struct bench_copy *copy;
	unsigned tries = 0;
	uint64_t start;

	if (!s->copies)
		return (struct bench_copy){ s->file, s->map };
	start = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	do
		copy = &s->copies[child->whole->next++ % s->count];
	while (!bench_cold_drop(s, copy) && ++tries < s->count);
	child->whole->spent += clock_ns(CLOCK_THREAD_CPUTIME_ID) - start;
	return *copy;
}
