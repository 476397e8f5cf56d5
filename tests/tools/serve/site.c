// SPDX-License-Identifier: MIT
/* What a path leads to, and what it never leads to. */
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include "tests/ktap.h"
#include "tools/http/accept.h"
#include "tools/serve/site/listing_cache.h"
#include "tools/serve/site/site.h"

static char dir[] = "/tmp/tlsring-site.XXXXXX";
static struct site site;
static const struct http_encoding *const none[] = { NULL };
static const char *why;

static int wipe(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void clean(void)
{
	site_close(&site);
	nftw(dir, wipe, 8, FTW_DEPTH | FTW_PHYS);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);

	CHECK(fd >= 0);
	EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* DIR/root is served; DIR/secret is outside. */
static void set_up_with(struct site_settings settings)
{
	char path[64];

	CHECK(mkdtemp(dir));
	CHECK(!chdir(dir));
	put("secret", "no");
	CHECK(!mkdir("root", 0755) && !mkdir("root/folder", 0755) && !mkdir("root/empty", 0755));
	CHECK(!mkdir("root/odd", 0755) && !mkdir("root/odd/index.html", 0755));
	put("root/a.txt", "hello");
	put("root/folder/index.html", "index");
	put("root/\xc3\xbc b", "umlaut");
	CHECK(!symlink("a.txt", "root/inside") && !symlink("../secret", "root/out"));
	CHECK(!symlink("/etc/passwd", "root/absolute") && !symlink("..", "root/up"));
	CHECK(!symlink("/proc/self/root", "root/magic") && !symlink("loop", "root/loop"));
	CHECK(!mkfifo("root/fifo", 0644));
	snprintf(path, sizeof(path), "%s/root", dir);
	EQ(site_open(&site, path, NULL, &settings), 0);
}

static void set_up(void)
{
	struct site_settings settings = { 0 };

	EQ(site_rules_set_index(&settings.index, "index.html", &why), 0);
	set_up_with(settings);
}

static int status(const char *path)
{
	struct site_found found;
	int error, ret = site_find(&site, NULL, path, none, &found, &error);

	if (!ret)
		site_file_put(found.file);
	return ret;
}

TEST(files_and_folders)
{
	struct site_found found;
	char text[16] = "";
	int error;

	set_up();
	EQ(site_find(&site, NULL, "a.txt", none, &found, &error), 0);
	EQ(found.file->size, 5);
	EQ(read(found.file->fd, text, sizeof(text)), 5);
	EQ_STR(text, "hello");
	site_file_put(found.file);
	EQ(status("\xc3\xbc b"), 0);
	EQ(status("inside"), 0);
	EQ(status("folder/"), 0);
	EQ(status("folder/index.html"), 0);
	EQ(status("folder"), 301);
	EQ(status("empty/"), 404);
	EQ(status("odd/"), 404);
	EQ(status(""), 404);
	EQ(status("a.txt/"), 404);
	EQ(status("absent"), 404);
	put("root/index.html", "top");
	EQ(status(""), 0);
	clean();
}

TEST(indexes)
{
	struct site_settings settings = { 0 };

	EQ(site_rules_set_index(&settings.index, "none.html, a.txt,index.html", &why), 0);
	set_up_with(settings);
	EQ(status("folder/"), 0);
	EQ(status("empty/"), 404);
	EQ(status(""), 0);
	clean();
}

TEST(no_index)
{
	set_up_with((struct site_settings){ 0 });
	EQ(status("folder/"), 404);
	EQ(status("folder/index.html"), 0);
	clean();
}

TEST(an_index_that_leads_out)
{
	int error;
	struct site_found found;

	set_up();
	CHECK(!symlink("../../secret", "root/empty/index.html"));
	EQ(site_find(&site, NULL, "empty/", none, &found, &error), 404);
	EQ(error, EXDEV);
	clean();
}

TEST(what_belongs_to_a_path)
{
	struct site_settings settings = { 0 };
	struct site_found found;
	int error;

	EQ(site_rules_set_index(&settings.index, "index.html", &why), 0);
	EQ(site_rules_add_pattern(&settings.cache_control, "/folder/*=no-cache", &why), 0);
	EQ(site_rules_add_pattern(&settings.cache_control, "*.txt=max-age=1", &why), 0);
	EQ(site_rules_add_type(&settings.types, ".TXT=text/x-mine", &why), 0);
	set_up_with(settings);
	EQ(site_find(&site, NULL, "a.txt", none, &found, &error), 0);
	EQ_STR(found.type, "text/x-mine; charset=utf-8");
	EQ_STR(found.cache_control, "max-age=1");
	site_file_put(found.file);
	EQ(site_find(&site, NULL, "folder/", none, &found, &error), 0);
	EQ_STR(found.type, "application/octet-stream");
	EQ_STR(found.cache_control, "no-cache");
	site_file_put(found.file);
	EQ(site_find(&site, NULL, "inside", none, &found, &error), 0);
	CHECK(!found.cache_control);
	site_file_put(found.file);
	clean();
}

TEST(encoded_siblings)
{
	static const struct http_encoding br = { "br", ".br" }, gzip = { "gzip", ".gz" };
	static const struct http_encoding *const both[] = { &br, &gzip, NULL };
	struct site_found found;
	int error;

	set_up();
	put("root/a.txt.gz", "gzipped");
	CHECK(!symlink("../secret", "root/a.txt.br") && !mkdir("root/folder/index.html.br", 0755));
	EQ(site_find(&site, NULL, "a.txt", both, &found, &error), 0);
	CHECK(found.encoding == &gzip);
	EQ(found.file->size, 7);
	site_file_put(found.file);
	EQ(site_find(&site, NULL, "a.txt", none, &found, &error), 0);
	CHECK(!found.encoding);
	EQ(found.file->size, 5);
	site_file_put(found.file);
	CHECK(!unlink("root/a.txt.br"));
	put("root/a.txt.br", "brotli");
	EQ(site_find(&site, NULL, "a.txt", both, &found, &error), 0);
	CHECK(found.encoding == &br);
	site_file_put(found.file);
	/* One that is older was not made from this file. */
	CHECK(!utimensat(AT_FDCWD, "root/a.txt.br", (struct timespec[]){ { 1, 0 }, { 1, 0 } }, 0));
	EQ(site_find(&site, NULL, "a.txt", both, &found, &error), 0);
	CHECK(found.encoding == &gzip);
	site_file_put(found.file);
	EQ(site_find(&site, NULL, "folder/", both, &found, &error), 0);
	CHECK(!found.encoding);
	site_file_put(found.file);
	put("root/folder/index.html.gz", "gzipped");
	EQ(site_find(&site, NULL, "folder/", both, &found, &error), 0);
	CHECK(found.encoding == &gzip);
	site_file_put(found.file);
	EQ(site_find(&site, NULL, "b.txt", both, &found, &error), 404);
	clean();
}

TEST(nothing_outside)
{
	static const char *const rows[] = {
		"out",	"absolute",  "up",	    "up/secret",	   "magic/etc/passwd",
		"loop", "../secret", "/etc/passwd", "folder/../../secret", "fifo",
	};

	set_up();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (status(rows[i]) != 404)
			FAIL("%s is not 404 but %d", rows[i], status(rows[i]));
	clean();
}

/* A reference, the caller's, to what the cache has, or else to a listing that it then has. */
static struct site_file *list(struct listing_cache *cache, const char *path, bool json, time_t now)
{
	const struct listing_key key = { site.number, { .json = json }, path };
	struct site_file *file;
	struct stat folder;
	size_t len;
	char *text;

	EQ(site_stat(&site, *path ? path : ".", &folder), 0);
	file = listing_cache_find(cache, &key, &folder, now);
	if (!file) {
		EQ(listing_make(site.root, path, &key.form, &text, &len), 0);
		EQ(listing_cache_add(cache, &key, &folder, now, text, len, &file), 0);
	}
	CHECK(memmem(file->bytes, file->size, "path", 4) || !json);
	return file;
}

/* Requests for the same listing share it while it is current; the text goes with its last
 * reference. */
TEST(listings_are_shared)
{
	static struct listing_cache kept;
	struct site_file *first, *again, *later, *other;
	/* So late that the folder has settled. */
	time_t now = time(NULL) + 1000;
	size_t bytes;

	set_up();
	first = list(&kept, "folder/", false, now);
	again = list(&kept, "folder/", false, now);
	later = list(&kept, "folder/", false, now + 1);
	CHECK(again == first && later == first);
	EQ(kept.bytes, first->size);
	other = list(&kept, "folder/", true, now);
	CHECK(other != first);
	site_file_put(again);
	site_file_put(later);
	/* A new size of an entry shows a second later. */
	put("root/folder/index.html", "another index");
	again = list(&kept, "folder/", false, now + 1);
	CHECK(again == first);
	later = list(&kept, "folder/", false, now + 2);
	CHECK(later != first);
	bytes = kept.bytes;
	site_file_put(first);
	EQ(kept.bytes, bytes);
	site_file_put(again);
	CHECK(kept.bytes < bytes);
	/* A new entry shows at once, even if the folder's clock has not ticked. */
	put("root/folder/more", "");
	first = list(&kept, "folder/", false, 1000);
	CHECK(memmem(first->bytes, first->size, "more", 4));
	site_file_put(first);
	site_file_put(later);
	site_file_put(other);
	listing_cache_free(&kept);
	EQ(kept.bytes, 0);
	clean();
}

static void add(struct listing_cache *cache, const char *path, size_t len)
{
	const struct listing_key key = { .path = path };
	struct stat folder = { 0 };
	struct site_file *file;
	char *text = calloc(1, len);

	CHECK(text);
	*text = *path;
	EQ(listing_cache_add(cache, &key, &folder, 1, text, len, &file), 0);
	site_file_put(file);
}

TEST(few_listings_are_kept)
{
	static struct listing_cache cache;
	struct site_file *first;
	time_t now = time(NULL) + 1000;

	set_up();
	first = list(&cache, "folder/", false, now);
	for (int i = 0; i < 3 * LISTING_CACHE_SIZE; i++)
		site_file_put(list(&cache, i & 1 ? "" : "empty/", i & 2, now + i));
	CHECK(first->references == 1 && cache.bytes > first->size);
	site_file_put(first);
	/* Large texts make others go, and the newest stays, however large. */
	add(&cache, "a/", LISTING_CACHE_BYTES / 2);
	add(&cache, "b/", LISTING_CACHE_BYTES / 4);
	CHECK(cache.bytes > LISTING_CACHE_BYTES / 4 * 3 && cache.bytes < LISTING_CACHE_BYTES);
	add(&cache, "c/", LISTING_CACHE_BYTES * 2);
	EQ(cache.bytes, LISTING_CACHE_BYTES * 2);
	listing_cache_free(&cache);
	EQ(cache.bytes, 0);
	clean();
}

/* The names in a listing, one after the other. */
static void names(const char *query, const char *expected)
{
	const struct listing_form form = { .json = true,
					   .sort = listing_sort_parse(query, strlen(query)) };
	char *text, got[256] = "";
	size_t len;

	EQ(listing_make(site.root, "sorted/", &form, &text, &len), 0);
	for (char *at = text; (at = strstr(at, "\"name\":\"")); at++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%.*s ",
			 (int)strcspn(at + 8, "\""), at + 8);
	free(text);
	if (strcmp(got, expected))
		FAIL("%s gives %s", query, got);
}

TEST(listings_are_sorted)
{
	static const struct timespec times[][2] = { { { 9, 0 }, { 9, 0 } },
						    { { 5, 0 }, { 5, 0 } },
						    { { 7, 0 }, { 7, 0 } } };

	set_up();
	CHECK(!mkdir("root/sorted", 0755) && !mkdir("root/sorted/z", 0755));
	put("root/sorted/a2", "333");
	put("root/sorted/a10", "1");
	put("root/sorted/b", "22");
	CHECK(!utimensat(AT_FDCWD, "root/sorted/a2", times[0], 0) &&
	      !utimensat(AT_FDCWD, "root/sorted/a10", times[1], 0) &&
	      !utimensat(AT_FDCWD, "root/sorted/b", times[2], 0));
	names("", "z a2 a10 b ");
	names("?sort=name", "z a2 a10 b ");
	names("?sort=-name", "z b a10 a2 ");
	names("?sort=size", "z a10 b a2 ");
	names("?sort=-size", "z a2 b a10 ");
	names("?sort=time", "z a10 b a2 ");
	names("?sort=-time", "z a2 b a10 ");
	names("?sort=other", "z a2 a10 b ");
	names("?sort=size&x", "z a2 a10 b ");
	clean();
}

TEST(a_change_changes_the_etag)
{
	struct site_found before, after;
	struct stat st;
	int error;

	set_up();
	EQ(site_find(&site, NULL, "a.txt", none, &before, &error), 0);
	CHECK(!fstat(before.file->fd, &st));
	usleep(20000);
	put("root/a.txt", "HELLO");
	/* The same length and modification time must not hide the change. */
	CHECK(!utimensat(AT_FDCWD, "root/a.txt", (struct timespec[]){ st.st_atim, st.st_mtim }, 0));
	EQ(site_find(&site, NULL, "a.txt", none, &after, &error), 0);
	EQ(after.file->size, before.file->size);
	EQ(after.file->modified, before.file->modified);
	CHECK(strcmp(before.file->etag, after.file->etag));
	site_file_put(before.file);
	site_file_put(after.file);
	clean();
}

TEST(folders_that_cannot_be_served)
{
	struct site_settings settings = { 0 };
	struct site none;

	EQ(site_open(&none, "/nonexistent", NULL, &settings), -ENOENT);
	EQ(site_open(&none, "/etc/passwd", NULL, &settings), -ENOTDIR);
}
