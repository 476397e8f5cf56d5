// SPDX-License-Identifier: MIT
/* A large file that is requested again and again is mapped, for no longer than that goes on. */
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include "tests/ktap.h"
#include "tlsring.h"
#include "tools/serve/site/file.h"
#include "tools/serve/site/mapping.h"

#define SIZE	(SITE_MAPPING_MIN + 12345)

static struct site_mappings *mappings;
static struct tlsring_engine *engine;
static int file;

/* Without an engine nothing would give up unused mappings. */
static void set_up(bool watched)
{
	file = memfd_create("site_mapping", MFD_CLOEXEC);
	CHECK(file >= 0 && !ftruncate(file, SIZE));
	EQ(pwrite(file, "end", 3, SIZE - 3), 3);
	EQ(site_mappings_new(&mappings), 0);
	if (!watched)
		return;
	EQ(tlsring_engine_new(&engine, NULL), 0);
	site_mappings_watch(mappings, engine);
}

static void clean(void)
{
	tlsring_engine_free(engine);
	engine = NULL;
	site_mappings_free(mappings);
	close(file);
}

static struct site_stamp stamp(uint64_t inode, uint64_t size)
{
	return (struct site_stamp){
		.device = 1, .inode = inode, .size = size, .changed = 1, .modified = 1
	};
}

/* Requested twice. */
static struct site_mapping *again(uint64_t inode, uint64_t size)
{
	struct site_stamp its = stamp(inode, size);

	CHECK(!site_mapping_get(mappings, &its, file));
	return site_mapping_get(mappings, &its, file);
}

static unsigned mapped(void)
{
	FILE *lines = fopen("/proc/self/maps", "re");
	unsigned count = 0;
	char line[512];

	CHECK(lines);
	while (fgets(line, sizeof(line), lines))
		count += strstr(line, "site_mapping") != NULL && strstr(line, "memfd:") != NULL;
	fclose(lines);
	return count;
}

TEST(from_the_second_time_on)
{
	struct site_mapping *mapping, *other;

	set_up(true);
	mapping = again(1, SIZE);
	CHECK(mapping);
	CHECK(!memcmp((const char *)site_mapping_bytes(mapping) + SIZE - 3, "end", 3));
	other = site_mapping_get(mappings, &(struct site_stamp){ 1, 1, SIZE, 1, 1 }, file);
	CHECK(other == mapping);
	EQ(mapped(), 1);
	site_mapping_put(other);
	site_mapping_put(mapping);
	EQ(mapped(), 1);
	clean();
	EQ(mapped(), 0);
}

TEST(changed_files_small_ones_and_huge_ones)
{
	struct site_stamp changed = stamp(1, SIZE);
	struct site_mapping *mapping;

	set_up(true);
	mapping = again(1, SIZE);
	changed.changed++;
	CHECK(!site_mapping_get(mappings, &changed, file));
	CHECK(!again(2, SITE_MAPPING_MIN - 1));
	CHECK(!again(3, SITE_MAPPING_MAX + 1ull));
	site_mapping_put(mapping);
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
	struct site_mapping *used[200];
	unsigned count = 0;

	set_up(true);
	while (count < 200 && (used[count] = again(count + 1, SIZE)))
		count++;
	/* All places are in use: no further file is mapped, and none was lost. */
	CHECK(count > 1 && count < 200);
	EQ(mapped(), count);
	site_mapping_put(used[0]);
	used[0] = again(1000, SIZE);
	CHECK(used[0]);
	EQ(mapped(), count);
	for (unsigned i = 0; i < count; i++)
		site_mapping_put(used[i]);
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

/* The unused mapping goes, the other one stays. */
TEST(space_of_what_is_not_used_comes_back)
{
	const struct itimerspec often = { { 0, 50000000 }, { 0, 50000000 } };
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	struct site_mapping *used;

	set_up(true);
	used = again(1, SIZE);
	site_mapping_put(again(2, SIZE));
	EQ(mapped(), 2);
	CHECK(timer >= 0 && !timerfd_settime(timer, 0, &often, NULL));
	EQ(tlsring_engine_poll(engine, timer, POLLIN, tick, NULL), 0);
	EQ(tlsring_engine_run(engine), 0);
	EQ(mapped(), 1);
	site_mapping_put(used);
	clean();
	close(timer);
}
