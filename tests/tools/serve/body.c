// SPDX-License-Identifier: MIT
/* Bodies are taken off in pieces of any size. */
#include <fcntl.h>
#include "tests/ktap.h"
#include "tools/serve/http/multipart.h"
#include "tools/serve/site/site.h"

static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

static struct site_file *open_letters(void)
{
	char path[] = "/tmp/tlsring-body.XXXXXX";
	int fd = mkstemp(path);
	struct site_file *file = calloc(1, sizeof(*file));

	CHECK(fd >= 0 && file);
	unlink(path);
	EQ(write(fd, letters, 26), 26);
	*file = (struct site_file){ .references = 1, .fd = fd, .size = 26 };
	return file;
}

/* Takes the whole body, in steps of at most so many bytes. */
static size_t drain(struct body *body, uint64_t most, char *out, size_t room)
{
	uint64_t left = body->left;
	struct body_piece piece;
	size_t used = 0;

	while (body_take(body, most, &piece)) {
		CHECK(piece.text_len + piece.length <= most && piece.text_len + piece.length > 0);
		CHECK(used + piece.text_len + piece.length <= room);
		if (piece.text_len)
			memcpy(out + used, piece.text, piece.text_len);
		used += piece.text_len;
		if (piece.length)
			EQ(pread(body_fd(body), out + used, piece.length, (off_t)piece.offset),
			   piece.length);
		used += piece.length;
		EQ(body->left, left - used);
	}
	EQ(body_available(body), 0);
	EQ(used, left);
	return used;
}

TEST(a_range_of_a_file)
{
	for (uint64_t most = 1; most < 30; most++) {
		struct body body;
		char out[64];

		body_set_file(&body, open_letters(), 3, 20);
		EQ(drain(&body, most, out, sizeof(out)), 20);
		EQ_MEM(out, letters + 3, 20);
		body_free(&body);
		body_free(&body);
	}
}

TEST(text)
{
	struct body body;
	struct site_file *file;
	size_t counted = 1;
	char out[64];

	EQ(site_file_text(&file, strdup("hello"), 5, &counted), 0);
	EQ(counted, 6);
	body_set_file(&body, file, 0, 5);
	EQ(body_fd(&body), -1);
	EQ(drain(&body, 2, out, sizeof(out)), 5);
	EQ_MEM(out, "hello", 5);
	body_free(&body);
	EQ(counted, 1);
	body_set_text(&body, "", 0);
	EQ(drain(&body, 2, out, sizeof(out)), 0);
	body_free(&body);
}

TEST(several_ranges)
{
	static const struct http_span spans[] = { { 0, 3 }, { 20, 6 }, { 10, 1 } };

	for (uint64_t most = 1; most < 400; most += 7) {
		char out[1024], expected[1024], boundary[MULTIPART_BOUNDARY];
		struct body body;
		size_t len;

		EQ(multipart_make(&body, open_letters(), "text/x-letters", spans, 3, boundary), 0);
		len = (size_t)snprintf(expected, sizeof(expected),
			"--%s\r\nContent-Type: text/x-letters\r\nContent-Range: bytes 0-2/26\r\n\r\nabc\r\n"
			"--%s\r\nContent-Type: text/x-letters\r\nContent-Range: bytes 20-25/26\r\n\r\nuvwxyz\r\n"
			"--%s\r\nContent-Type: text/x-letters\r\nContent-Range: bytes 10-10/26\r\n\r\nk\r\n"
			"--%s--\r\n", boundary, boundary, boundary, boundary);
		EQ(drain(&body, most, out, sizeof(out)), len);
		EQ_MEM(out, expected, len);
		body_free(&body);
	}
}

TEST(the_longest_heads)
{
	struct site_file *file = open_letters();
	char type[300], boundary[MULTIPART_BOUNDARY];
	struct http_span spans[HTTP_RANGES_MAX];
	struct body body;
	size_t text = 0;

	memset(type, 'x', sizeof(type) - 1);
	type[sizeof(type) - 1] = '\0';
	file->size = UINT64_MAX;
	for (unsigned i = 0; i < HTTP_RANGES_MAX; i++)
		spans[i] = (struct http_span){ UINT64_MAX - 1000 + i, 1 };
	EQ(multipart_make(&body, file, type, spans, HTTP_RANGES_MAX, boundary), 0);
	for (unsigned i = 0; i < body.next_count; i++)
		text += body.next[i].text_len;
	CHECK(text > HTTP_RANGES_MAX * 300);
	EQ_MEM(body.next[body.next_count - 1].text + 36, "--\r\n", 4);
	body_free(&body);
}
