// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include "tools/common/clock.h"
#include "tools/serve/site/mapping.h"
#include "tools/serve/site/stamp.h"
#include "tlsring.h"

#define SITE_MAPPINGS	32	/* files */

struct site_mapping {
	struct site_stamp stamp;	/* its size is the mapping's; all zero: the place is free */
	void *bytes;	/* NULL: the file was requested, but is not mapped yet */
	unsigned references;
	int64_t used;	/* seconds; when it was requested, or given back */
};

struct site_mappings {
	struct tlsring_engine *engine;	/* the thread's; NULL: it has none yet */
	int timer;			/* owned */
	bool running;
	struct site_mapping places[SITE_MAPPINGS];
};

/* ---- time ---- */

static int64_t mapping_now(void)
{
	return (int64_t)(clock_ns(CLOCK_MONOTONIC_COARSE) / 1000000000);
}

static void mapping_forget(struct site_mapping *mapping)
{
	if (mapping->bytes)
		munmap(mapping->bytes, mapping->stamp.size);
	*mapping = (struct site_mapping){ 0 };
}

static void mappings_look(int fd, int events, void *user);

/* Run the timer that gives up unused mappings. False: it does not run. */
static bool mappings_watched(struct site_mappings *mappings)
{
	const struct itimerspec rest = { .it_value = { .tv_sec = SITE_MAPPING_REST } };

	if (!mappings->running)
		mappings->running = mappings->engine &&
				    !timerfd_settime(mappings->timer, 0, &rest, NULL) &&
				    !tlsring_engine_poll(mappings->engine, mappings->timer, POLLIN,
							 mappings_look, mappings);
	return mappings->running;
}

static void mappings_look(int fd, int events, void *user)
{
	struct site_mappings *mappings = user;
	int64_t now = mapping_now();
	bool any = false;

	(void)fd;
	(void)events;
	mappings->running = false;
	for (unsigned i = 0; i < SITE_MAPPINGS; i++) {
		struct site_mapping *mapping = &mappings->places[i];

		if (mapping->bytes && !mapping->references &&
		    now - mapping->used >= SITE_MAPPING_REST)
			mapping_forget(mapping);
		any |= mapping->bytes != NULL;
	}
	if (any)
		mappings_watched(mappings);
}

void site_mappings_watch(struct site_mappings *mappings, struct tlsring_engine *engine)
{
	mappings->engine = engine;
}

/* ---- files ---- */

/* The place of this file, or else the least recently used one without references; NULL: there is
 * none. */
static struct site_mapping *mappings_place(struct site_mappings *mappings,
					   const struct site_stamp *stamp)
{
	struct site_mapping *spare = NULL;

	for (unsigned i = 0; i < SITE_MAPPINGS; i++) {
		struct site_mapping *mapping = &mappings->places[i];

		if (site_stamp_same(&mapping->stamp, stamp))
			return mapping;
		if (!mapping->references && (!spare || mapping->used < spare->used))
			spare = mapping;
	}
	if (spare) {
		mapping_forget(spare);
		spare->stamp = *stamp;
	}
	return spare;
}

struct site_mapping *site_mapping_get(struct site_mappings *mappings,
				      const struct site_stamp *stamp, int fd)
{
	int64_t now = mapping_now();
	struct site_mapping *mapping;
	bool again;
	void *bytes;

	if (stamp->size < SITE_MAPPING_MIN || stamp->size > SITE_MAPPING_MAX)
		return NULL;
	mapping = mappings_place(mappings, stamp);
	if (!mapping)
		return NULL;
	again = mapping->used && now - mapping->used <= SITE_MAPPING_REST;
	mapping->used = now;
	if (!mapping->bytes && again && mappings_watched(mappings)) {
		bytes = mmap(NULL, stamp->size, PROT_READ, MAP_SHARED, fd, 0);
		mapping->bytes = bytes == MAP_FAILED ? NULL : bytes;
	}
	if (!mapping->bytes)
		return NULL;
	mapping->references++;
	return mapping;
}

void site_mapping_put(struct site_mapping *mapping)
{
	mapping->used = mapping_now();
	mapping->references--;
}

const void *site_mapping_bytes(const struct site_mapping *mapping)
{
	return mapping->bytes;
}

int site_mappings_new(struct site_mappings **out)
{
	struct site_mappings *mappings = calloc(1, sizeof(*mappings));

	if (!mappings)
		return -ENOMEM;
	mappings->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (mappings->timer < 0) {
		int error = errno;

		free(mappings);
		return -error;
	}
	*out = mappings;
	return 0;
}

void site_mappings_free(struct site_mappings *mappings)
{
	if (!mappings)
		return;
	for (unsigned i = 0; i < SITE_MAPPINGS; i++)
		mapping_forget(&mappings->places[i]);
	close(mappings->timer);
	free(mappings);
}
