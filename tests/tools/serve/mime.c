// SPDX-License-Identifier: MIT
#include <errno.h>
#include "tests/ktap.h"
#include "tools/serve/site/mime.h"

static struct mime *load(const char *text)
{
	char name[] = "/tmp/tlsring-mime.XXXXXX";
	struct mime *mime = NULL;
	int fd = mkstemp(name);

	CHECK(fd >= 0);
	EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	EQ(mime_load(&mime, name), 0);
	unlink(name);
	return mime;
}

TEST(a_file_that_cannot_be_read_is_not_empty)
{
	struct mime *mime = NULL;

	EQ(mime_load(&mime, "/nonexistent"), -ENOENT);
	EQ(mime_load(&mime, "/tmp"), -EISDIR);
	EQ(mime_load(&mime, "/proc/self/mem"), -EIO);
	CHECK(!mime);
}

TEST(types_by_extension)
{
	struct mime *mime = load("# comment\n\ntext/html\t\thtml htm\napplication/none\n"
				 "image/PNG png\ntext/plain txt html\n");

	EQ_STR(mime_type(mime, "a/b.html"), "text/html; charset=utf-8");
	EQ_STR(mime_type(mime, "B.HTM"), "text/html; charset=utf-8");
	EQ_STR(mime_type(mime, "x.tar.png"), "image/PNG");
	EQ_STR(mime_type(mime, "x.txt"), "text/plain; charset=utf-8");
	EQ_STR(mime_type(mime, "x.unknown"), MIME_DEFAULT);
	EQ_STR(mime_type(mime, "x."), MIME_DEFAULT);
	EQ_STR(mime_type(mime, "html"), MIME_DEFAULT);
	EQ_STR(mime_type(mime, "a.html/b"), MIME_DEFAULT);
	mime_free(mime);
}

TEST(no_table)
{
	struct mime *mime = load("");

	EQ_STR(mime_type(mime, "a.html"), MIME_DEFAULT);
	mime_free(mime);
	EQ_STR(mime_type(NULL, "a.html"), MIME_DEFAULT);
	mime_free(NULL);
	EQ(mime_load(&mime, "/nonexistent"), -ENOENT);
}

TEST(the_systems_table)
{
	struct mime *mime;

	if (mime_load(&mime, MIME_FILE))
		SKIP("no %s", MIME_FILE);
	EQ_STR(mime_type(mime, "index.html"), "text/html; charset=utf-8");
	EQ_STR(mime_type(mime, "a.css"), "text/css; charset=utf-8");
	EQ_STR(mime_type(mime, "a.png"), "image/png");
	EQ_STR(mime_type(mime, "a.wasm"), "application/wasm");
	mime_free(mime);
}
