// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include "tools/serve/site/file.h"
#include "tools/serve/site/mapping.h"
#include "tlsring.h"

#define SITE_MAPS	32	/* files at a time */

struct site_map {
	struct site_stamp stamp;	/* whose size is the mapping's; all 0: a free place */
	void *bytes;			/* NULL: a note that the file was asked for */
	unsigned references;
	int64_t used;			/* seconds, when it was asked for, or given back */
};

struct site_maps {
	struct tlsring_engine *engine;	/* the thread's; NULL: not yet */
	int timer;			/* owned */
	bool running;
	struct site_map places[SITE_MAPS];
};

/* ---- time ---- */

static int64_t map_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec;
}

static void map_forget(struct site_map *map)
{
	if (map->bytes)
		munmap(map->bytes, map->stamp.size);
	*map = (struct site_map){ 0 };
}

static void maps_look(int fd, int events, void *user);

/* While there is one, they are looked at now and then. False: nobody would give it up. */
static bool maps_watched(struct site_maps *maps)
{
	const struct itimerspec rest = { .it_value = { .tv_sec = SITE_MAP_REST } };

	if (!maps->running)
		maps->running = maps->engine && !timerfd_settime(maps->timer, 0, &rest, NULL) &&
				!tlsring_engine_poll(maps->engine, maps->timer, POLLIN, maps_look, maps);
	return maps->running;
}

static void maps_look(int fd, int events, void *user)
{
	struct site_maps *maps = user;
	int64_t now = map_now();
	bool any = false;

	(void)fd;
	(void)events;
	maps->running = false;
	for (unsigned i = 0; i < SITE_MAPS; i++) {
		struct site_map *map = &maps->places[i];

		if (map->bytes && !map->references && now - map->used >= SITE_MAP_REST)
			map_forget(map);
		any |= map->bytes != NULL;
	}
	if (any)
		maps_watched(maps);
}

void site_maps_watch(struct site_maps *maps, struct tlsring_engine *engine)
{
	maps->engine = engine;
}

/* ---- files ---- */

/* The place of this file, or the one that can be spared the soonest; NULL: none can. */
static struct site_map *maps_place(struct site_maps *maps, const struct site_stamp *stamp)
{
	struct site_map *spare = NULL;

	for (unsigned i = 0; i < SITE_MAPS; i++) {
		struct site_map *map = &maps->places[i];

		if (site_stamp_same(&map->stamp, stamp))
			return map;
		if (!map->references && (!spare || map->used < spare->used))
			spare = map;
	}
	if (spare) {
		map_forget(spare);
		spare->stamp = *stamp;
	}
	return spare;
}

struct site_map *site_map_get(struct site_maps *maps, const struct site_stamp *stamp, int fd)
{
	int64_t now = map_now();
	struct site_map *map;
	bool again;
	void *bytes;

	if (stamp->size < SITE_MAP_LEAST || stamp->size > SITE_MAP_MOST)
		return NULL;
	map = maps_place(maps, stamp);
	if (!map)
		return NULL;
	again = map->used && now - map->used <= SITE_MAP_REST;
	map->used = now;
	if (!map->bytes && again && maps_watched(maps)) {
		bytes = mmap(NULL, stamp->size, PROT_READ, MAP_SHARED, fd, 0);
		map->bytes = bytes == MAP_FAILED ? NULL : bytes;
	}
	if (!map->bytes)
		return NULL;
	map->references++;
	return map;
}

void site_map_put(struct site_map *map)
{
	map->used = map_now();
	map->references--;
}

const void *site_map_bytes(const struct site_map *map)
{
	return map->bytes;
}

int site_maps_new(struct site_maps **out)
{
	struct site_maps *maps = calloc(1, sizeof(*maps));

	if (!maps)
		return -ENOMEM;
	maps->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (maps->timer < 0) {
		int error = errno;

		free(maps);
		return -error;
	}
	*out = maps;
	return 0;
}

void site_maps_free(struct site_maps *maps)
{
	if (!maps)
		return;
	for (unsigned i = 0; i < SITE_MAPS; i++)
		map_forget(&maps->places[i]);
	close(maps->timer);
	free(maps);
}
