// SPDX-License-Identifier: MIT
/* A file that is kept open is never older than what opening would find. */
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <time.h>
#include "tests/ktap.h"
#include "tools/serve/site/cache.h"
#include "tools/serve/site/file.h"

static char dir[] = "/tmp/tlsring-cache.XXXXXX";
static struct site_cache *cache;
static int root;

static int wipe(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);

	CHECK(fd >= 0);
	EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void set_up(unsigned most)
{
	CHECK(mkdtemp(dir));
	CHECK(!chdir(dir));
	CHECK(!mkdir("root", 0755) && !mkdir("root/one", 0755) && !mkdir("root/two", 0755));
	put("outside", "outside");
	put("root/a", "first");
	put("root/one/x", "one");
	put("root/two/x", "two");
	CHECK(!symlink("one", "root/link"));
	root = open("root", O_PATH | O_DIRECTORY);
	CHECK(root >= 0);
	EQ(site_cache_new(&cache, most, NULL), 0);
}

static void clean(void)
{
	site_cache_free(cache);
	close(root);
	nftw(dir, wipe, 8, FTW_DEPTH | FTW_PHYS);
}

/* The content of a path by the size that is told, or "-errno". */
static const char *get(const char *path)
{
	static char text[64];
	struct site_file *file;
	int ret = site_cache_open(cache, 1, root, path, &file);

	if (ret) {
		snprintf(text, sizeof(text), "%d", ret);
		return text;
	}
	CHECK(file->size < sizeof(text));
	EQ(pread(file->fd, text, sizeof(text) - 1, 0), file->size);
	text[file->size] = '\0';
	site_file_put(file);
	return text;
}

static int descriptor(const char *path)
{
	struct site_file *file;
	int fd;

	EQ(site_cache_open(cache, 1, root, path, &file), 0);
	fd = file->fd;
	site_file_put(file);
	return fd;
}

TEST(an_unchanged_file_stays_open)
{
	int fd;

	set_up(4);
	fd = descriptor("a");
	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EQ(descriptor("a"), fd);
	EQ_STR(get("a"), "first");
	EQ(descriptor("a"), fd);
	clean();
	EQ(fcntl(fd, F_GETFD), -1);
}

TEST(a_changed_file_is_seen_at_once)
{
	set_up(4);
	EQ_STR(get("a"), "first");
	put("root/a", "longer than before");
	EQ_STR(get("a"), "longer than before");
	put("root/a", "short");
	EQ_STR(get("a"), "short");
	CHECK(!truncate("root/a", 2));
	EQ_STR(get("a"), "sh");
	for (int i = 0; i < 200; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%0*d", 1 + i % 7, i);
		put("root/a", text);
		EQ_STR(get("a"), text);
	}
	clean();
}

TEST(a_replaced_file_is_seen_at_once)
{
	set_up(4);
	EQ_STR(get("a"), "first");
	for (int i = 0; i < 200; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%05d", i);
		put("root/new", text);
		CHECK(!rename("root/new", "root/a"));
		EQ_STR(get("a"), text);
	}
	CHECK(!unlink("root/a"));
	EQ_STR(get("a"), "-2");
	put("root/a", "again");
	EQ_STR(get("a"), "again");
	CHECK(!unlink("root/a") && !mkdir("root/a", 0755));
	EQ_STR(get("a"), "-21");
	clean();
}

TEST(requests_of_one_round_share_a_look)
{
	set_up(4);
	site_cache_round(cache, 1, 0);
	EQ_STR(get("a"), "first");
	CHECK(!rename("root/one/x", "root/a"));
	EQ_STR(get("a"), "first");
	site_cache_round(cache, 2, 0);
	EQ_STR(get("a"), "one");
	CHECK(!unlink("root/a"));
	EQ_STR(get("a"), "one");
	site_cache_round(cache, 3, 0);
	EQ_STR(get("a"), "-2");
	clean();
}

/* The bytes in memory, or NULL. */
static const char *kept(const char *path, time_t now)
{
	struct site_file *file;
	const char *bytes;

	site_cache_round(cache, 0, now);
	EQ(site_cache_open(cache, 1, root, path, &file), 0);
	bytes = file->bytes;
	site_file_put(file);
	return bytes;
}

TEST(small_files_that_have_settled_are_kept_in_memory)
{
	time_t later = time(NULL) + 10;

	set_up(4);
	EQ_STR(get("a"), "first");
	CHECK(!kept("a", time(NULL)));
	CHECK(kept("a", later) && !memcmp(kept("a", later), "first", 5));
	put("root/a", "1");
	CHECK(!kept("a", time(NULL)));
	CHECK(kept("a", later) && *kept("a", later) == '1');
	CHECK(!truncate("root/a", SITE_FILE_KEPT + 1));
	CHECK(!kept("a", later));
	CHECK(!kept("a", later));
	CHECK(!truncate("root/a", 0));
	CHECK(!kept("a", later));
	CHECK(!kept("a", later));
	clean();
}

TEST(folders_and_links_that_lead_elsewhere)
{
	set_up(4);
	EQ_STR(get("link/x"), "one");
	CHECK(!unlink("root/link") && !symlink("two", "root/link"));
	EQ_STR(get("link/x"), "two");
	EQ_STR(get("one/x"), "one");
	CHECK(!rename("root/one", "root/old") && !rename("root/two", "root/one"));
	EQ_STR(get("one/x"), "two");
	EQ_STR(get("link/x"), "-2");
	/* A path that leads out is not found, even if its file was inside before. */
	EQ_STR(get("a"), "first");
	CHECK(!unlink("root/a") && !symlink("../outside", "root/a"));
	EQ_STR(get("a"), "-18");
	EQ_STR(get("a"), "-18");
	clean();
}

TEST(permissions_that_are_taken_away)
{
	set_up(4);
	EQ_STR(get("a"), "first");
	CHECK(!chmod("root/a", 0));
	if (geteuid())
		EQ_STR(get("a"), "-13");
	clean();
}

TEST(a_file_in_use_outlives_its_place)
{
	struct site_file *file;
	char text[8] = "";

	set_up(1);
	EQ(site_cache_open(cache, 1, root, "a", &file), 0);
	EQ_STR(get("one/x"), "one");
	put("root/new", "other");
	CHECK(!rename("root/new", "root/a"));
	EQ_STR(get("a"), "other");
	EQ(pread(file->fd, text, 7, 0), 5);
	EQ_STR(text, "first");
	site_file_put(file);
	clean();
}

TEST(it_is_bounded)
{
	char name[16];
	int first, next;

	set_up(8);
	first = dup(root);
	close(first);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "root/f%d", i);
		put(name, "x");
		EQ_STR(get(name + 5), "x");
	}
	next = dup(root);
	CHECK(next <= first + 8);
	close(next);
	/* Large files are not kept. */
	CHECK(!truncate("root/a", SITE_CACHE_LARGEST + 1));
	EQ(fcntl(descriptor("a"), F_GETFD), -1);
	CHECK(!truncate("root/a", SITE_CACHE_LARGEST));
	CHECK(fcntl(descriptor("a"), F_GETFD) >= 0);
	clean();
}

static bool open_file(const char *name)
{
	char link[64], target[256], path[256];
	bool found = false;

	CHECK(realpath(name, path));
	for (int fd = 3; fd < 64 && !found; fd++) {
		ssize_t len;

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		len = readlink(link, target, sizeof(target) - 1);
		found = len > 0 && (size_t)len == strlen(path) && !memcmp(target, path, (size_t)len);
	}
	return found;
}

/* A file that nobody requests any more is closed, those still in use are not. */
TEST(unused_files_are_closed)
{
	set_up(8);
	site_cache_round(cache, 1, 1000);
	get("a");
	get("one/x");
	site_cache_round(cache, 2, 1050);
	get("one/x");
	site_cache_expire(cache, 1000 + SITE_CACHE_REST - 1);
	CHECK(open_file("root/a") && open_file("root/one/x"));
	site_cache_expire(cache, 1000 + SITE_CACHE_REST);
	CHECK(!open_file("root/a") && open_file("root/one/x"));
	EQ_STR(get("a"), "first");
	site_cache_clear(cache);
	CHECK(!open_file("root/a") && !open_file("root/one/x"));
	EQ_STR(get("a"), "first");
	clean();
}

TEST(sites_are_told_apart)
{
	struct site_file *file;
	int other;

	set_up(4);
	other = open("root/one", O_PATH | O_DIRECTORY);
	EQ_STR(get("a"), "first");
	EQ(site_cache_open(cache, 2, other, "a", &file), -ENOENT);
	EQ(site_cache_open(cache, 2, other, "x", &file), 0);
	site_file_put(file);
	EQ_STR(get("x"), "-2");
	close(other);
	clean();
}

static double nanoseconds(struct site_cache *with)
{
	struct timespec start, end;
	struct site_file *file;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (int i = 0; i < 20000; i++) {
		EQ(site_cache_open(with, 1, root, "one/x", &file), 0);
		site_file_put(file);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	return ((double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec)) /
	       20000;
}

TEST(what_it_saves)
{
	set_up(4);
	printf("# opening: %.0f ns, kept: %.0f ns\n", nanoseconds(NULL), nanoseconds(cache));
	clean();
}
