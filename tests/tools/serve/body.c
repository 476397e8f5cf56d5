// SPDX-License-Identifier: MIT
/* Contents are taken off in pieces of any size. */
#include <fcntl.h>
#include "tests/ktap.h"
#include "tools/serve/http/multipart.h"
#include "tools/serve/site/site.h"

static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

static struct site_file *open_letters(void)
{
	char path[] = "/tmp/tlsring-content.XXXXXX";
	int fd = mkstemp(path);
	struct site_file *file = calloc(1, sizeof(*file));

	CHECK(fd >= 0 && file);
	unlink(path);
	EQ(write(fd, letters, 26), 26);
	*file = (struct site_file){ .references = 1, .fd = fd, .size = 26 };
	return file;
}

/* All of it, in steps of at most so many bytes. */
static size_t drain(struct content *content, uint64_t most, char *out, size_t room)
{
	uint64_t left = content->left;
	struct content_piece piece;
	size_t used = 0;

	while (content_take(content, most, &piece)) {
		CHECK(piece.text_len + piece.length <= most && piece.text_len + piece.length > 0);
		CHECK(used + piece.text_len + piece.length <= room);
		if (piece.text_len)
			memcpy(out + used, piece.text, piece.text_len);
		used += piece.text_len;
		if (piece.length)
			EQ(pread(content_fd(content), out + used, piece.length, (off_t)piece.offset), piece.length);
		used += piece.length;
		EQ(content->left, left - used);
	}
	EQ(content_ready(content), 0);
	EQ(used, left);
	return used;
}

TEST(a_range_of_a_file)
{
	for (uint64_t most = 1; most < 30; most++) {
		struct content content;
		char out[64];

		content_set_file(&content, open_letters(), 3, 20);
		EQ(drain(&content, most, out, sizeof(out)), 20);
		EQ_MEM(out, letters + 3, 20);
		content_free(&content);
		content_free(&content);
	}
}

TEST(text)
{
	struct content content;
	struct site_file *file;
	size_t counted = 1;
	char out[64];

	EQ(site_file_text(&file, strdup("hello"), 5, &counted), 0);
	EQ(counted, 6);
	content_set_file(&content, file, 0, 5);
	EQ(content_fd(&content), -1);
	EQ(drain(&content, 2, out, sizeof(out)), 5);
	EQ_MEM(out, "hello", 5);
	content_free(&content);
	EQ(counted, 1);
	content_set_text(&content, "", 0);
	EQ(drain(&content, 2, out, sizeof(out)), 0);
	content_free(&content);
}

TEST(several_ranges)
{
	static const struct http_span spans[] = { { 0, 3 }, { 20, 6 }, { 10, 1 } };

	for (uint64_t most = 1; most < 400; most += 7) {
		char out[1024], expected[1024], boundary[MULTIPART_BOUNDARY];
		struct content content;
		size_t len;

		EQ(multipart_make(&content, open_letters(), "text/x-letters", spans, 3, boundary), 0);
		len = (size_t)snprintf(expected, sizeof(expected),
			"--%s\r\nContent-Type: text/x-letters\r\nContent-Range: bytes 0-2/26\r\n\r\nabc\r\n"
			"--%s\r\nContent-Type: text/x-letters\r\nContent-Range: bytes 20-25/26\r\n\r\nuvwxyz\r\n"
			"--%s\r\nContent-Type: text/x-letters\r\nContent-Range: bytes 10-10/26\r\n\r\nk\r\n"
			"--%s--\r\n", boundary, boundary, boundary, boundary);
		EQ(drain(&content, most, out, sizeof(out)), len);
		EQ_MEM(out, expected, len);
		content_free(&content);
	}
}

TEST(the_longest_heads)
{
	struct site_file *file = open_letters();
	char type[300], boundary[MULTIPART_BOUNDARY];
	struct http_span spans[HTTP_RANGES_MAX];
	struct content content;
	size_t text = 0;

	memset(type, 'x', sizeof(type) - 1);
	type[sizeof(type) - 1] = '\0';
	file->size = UINT64_MAX;
	for (unsigned i = 0; i < HTTP_RANGES_MAX; i++)
		spans[i] = (struct http_span){ UINT64_MAX - 1000 + i, 1 };
	EQ(multipart_make(&content, file, type, spans, HTTP_RANGES_MAX, boundary), 0);
	for (unsigned i = 0; i < content.next_count; i++)
		text += content.next[i].text_len;
	CHECK(text > HTTP_RANGES_MAX * 300);
	EQ_MEM(content.next[content.next_count - 1].text + 36, "--\r\n", 4);
	content_free(&content);
}
