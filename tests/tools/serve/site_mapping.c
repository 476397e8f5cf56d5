// SPDX-License-Identifier: MIT
/* A large file that is asked for again and again is mapped, for no longer than that goes on. */
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "tests/ktap.h"
#include "tlsring.h"
#include "tools/serve/site/file.h"
#include "tools/serve/site/mapping.h"

#define SIZE	(SITE_MAP_LEAST + 12345)

static struct site_maps *maps;
static struct tlsring_engine *engine;
static int file;

/* Without an engine nobody looks whether a mapping is used. */
static void set_up(bool watched)
{
	file = memfd_create("site_map", MFD_CLOEXEC);
	CHECK(file >= 0 && !ftruncate(file, SIZE));
	EQ(pwrite(file, "end", 3, SIZE - 3), 3);
	EQ(site_maps_new(&maps), 0);
	if (!watched)
		return;
	EQ(tlsring_engine_new(&engine, NULL), 0);
	site_maps_watch(maps, engine);
}

static void clean(void)
{
	tlsring_engine_free(engine);
	engine = NULL;
	site_maps_free(maps);
	close(file);
}

static struct site_stamp stamp(uint64_t inode, uint64_t size)
{
	return (struct site_stamp){ .device = 1, .inode = inode, .size = size, .changed = 1, .modified = 1 };
}

/* Asked for twice. */
static struct site_map *again(uint64_t inode, uint64_t size)
{
	struct site_stamp its = stamp(inode, size);

	CHECK(!site_map_get(maps, &its, file));
	return site_map_get(maps, &its, file);
}

static unsigned mapped(void)
{
	FILE *lines = fopen("/proc/self/maps", "re");
	unsigned count = 0;
	char line[512];

	CHECK(lines);
	while (fgets(line, sizeof(line), lines))
		count += strstr(line, "site_map") != NULL && strstr(line, "memfd:") != NULL;
	fclose(lines);
	return count;
}

TEST(from_the_second_time_on)
{
	struct site_map *map, *other;

	set_up(true);
	map = again(1, SIZE);
	CHECK(map);
	CHECK(!memcmp((const char *)site_map_bytes(map) + SIZE - 3, "end", 3));
	other = site_map_get(maps, &(struct site_stamp){ 1, 1, SIZE, 1, 1 }, file);
	CHECK(other == map);
	EQ(mapped(), 1);
	site_map_put(other);
	site_map_put(map);
	EQ(mapped(), 1);
	clean();
	EQ(mapped(), 0);
}

TEST(changed_files_small_ones_and_huge_ones)
{
	struct site_stamp changed = stamp(1, SIZE);
	struct site_map *map;

	set_up(true);
	map = again(1, SIZE);
	changed.changed++;
	CHECK(!site_map_get(maps, &changed, file));
	CHECK(!again(2, SITE_MAP_LEAST - 1));
	CHECK(!again(3, SITE_MAP_MOST + 1ull));
	site_map_put(map);
	clean();
}

TEST(nobody_to_give_it_up)
{
	set_up(false);
	CHECK(!again(1, SIZE));
	EQ(mapped(), 0);
	clean();
}

TEST(more_files_than_places)
{
	struct site_map *used[200];
	unsigned count = 0;

	set_up(true);
	while (count < 200 && (used[count] = again(count + 1, SIZE)))
		count++;
	/* All are in use: no further one, and none of them was lost. */
	CHECK(count > 1 && count < 200);
	EQ(mapped(), count);
	site_map_put(used[0]);
	used[0] = again(1000, SIZE);
	CHECK(used[0]);
	EQ(mapped(), count);
	for (unsigned i = 0; i < count; i++)
		site_map_put(used[i]);
	clean();
}

static void tick(int fd, int events, void *user)
{
	uint64_t ticks;

	(void)events;
	(void)user;
	if (read(fd, &ticks, sizeof(ticks)) < 0 || mapped() > 1)
		EQ(tlsring_engine_poll(engine, fd, POLLIN, tick, NULL), 0);
	else
		tlsring_engine_stop(engine, 0);
}

/* The one that is not used goes, the other stays. */
TEST(space_of_what_is_not_used_comes_back)
{
	const struct itimerspec often = { { 0, 50000000 }, { 0, 50000000 } };
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	struct site_map *used;

	set_up(true);
	used = again(1, SIZE);
	site_map_put(again(2, SIZE));
	EQ(mapped(), 2);
	CHECK(timer >= 0 && !timerfd_settime(timer, 0, &often, NULL));
	EQ(tlsring_engine_poll(engine, timer, POLLIN, tick, NULL), 0);
	EQ(tlsring_engine_run(engine), 0);
	EQ(mapped(), 1);
	site_map_put(used);
	clean();
	close(timer);
}
