// SPDX-License-Identifier: MIT
/* The parts of the HTTP/2 server that need no connection: batches of frames, patience, heads. */
#include "tests/ktap.h"
#include "tools/serve/http2/flood.h"
#include "tools/serve/http2/request.h"
#include "tools/serve/http2/output.h"

static const uint8_t frame_head[HTTP2_FRAME_HEAD] = "framehead";

/* Frames end with their records, whatever came before. */
TEST(frames_fit_records)
{
	static struct http2_out out;
	static char text[HTTP2_OUT_FRAME * 4];
	struct content content;

	content_set_text(&content, text, sizeof(text));
	http2_out_start(&out, HTTP2_OUT_LEAST);
	EQ(http2_out_fit(&out), HTTP2_RECORD - HTTP2_FRAME_HEAD);
	http2_out_frames(&out, "fields", 6);
	EQ(http2_out_fit(&out), HTTP2_RECORD - HTTP2_FRAME_HEAD - 6);
	while (http2_out_room(&out) && content.left) {
		size_t fit = http2_out_fit(&out);

		http2_out_data(&out, 1, frame_head, fit < content.left ? fit : content.left, 0, &content);
		EQ(out.total % HTTP2_RECORD, 0);
	}
	CHECK(out.total <= HTTP2_OUT_LEAST);
	/* Too little of a record is left for a frame to be worth it: one that ends with the next. */
	http2_out_start(&out, HTTP2_OUT_LEAST);
	http2_out_frames(&out, text, HTTP2_RECORD - 1000);
	EQ(http2_out_fit(&out), HTTP2_RECORD - HTTP2_FRAME_HEAD);
}

/* However the file was cut before, from the next piece on a page's edge is a block's, too. */
TEST(padding_keeps_blocks_inside_pages)
{
	static struct http2_out out;
	struct content content = { .left = 1 << 24, .now = { .offset = 3, .length = 1 << 24 } };
	const char *tail = NULL;

	http2_out_start(&out, HTTP2_OUT_MOST);
	http2_out_frames(&out, "fields", 6);
	while (http2_out_room(&out)) {
		size_t fit = http2_out_fit(&out), padding = http2_out_padding(&out, &content, fit);
		struct tlsring_message *message = &out.messages[out.count];

		CHECK(padding >= 7 && padding < 7 + 16);
		http2_out_data(&out, 1, frame_head, fit - padding, padding, &content);
		EQ(out.total % HTTP2_RECORD, 0);
		EQ(content.now.offset % 16, 0);
		EQ(message->head_len, HTTP2_FRAME_HEAD + 1);
		EQ(((const uint8_t *)message->head)[HTTP2_FRAME_HEAD], padding - 1);
		EQ(message->tail_len, padding - 1);
		CHECK(!tail || tail == message->head);
		tail = (const char *)message->tail + message->tail_len;
		CHECK(out.count == 2 || padding == 7);
	}
	CHECK(out.total >= HTTP2_OUT_MOST);
	EQ(http2_out_padding(&out, &content, 100), 0);
	content.now.length = 100000;
	EQ(http2_out_padding(&out, &content, HTTP2_RECORD - HTTP2_FRAME_HEAD), 0);
	content.now.length = 1 << 20;
	http2_out_start(&out, HTTP2_OUT_LEAST);
	EQ(http2_out_padding(&out, &content, HTTP2_RECORD - HTTP2_FRAME_HEAD), 0);
}

/* DATA stands alone, so that it can be left out alone; other frames share a message. */
TEST(batch_has_what_was_gathered)
{
	static struct http2_out out;
	struct http2_batch *batch;
	struct content content;

	content_set_text(&content, "content", 7);
	http2_out_start(&out, HTTP2_OUT_LEAST);
	http2_out_frames(&out, "one", 3);
	http2_out_frames(&out, "two", 3);
	http2_out_data(&out, 7, frame_head, 7, 0, &content);
	http2_out_frames(&out, "three", 5);
	batch = http2_out_batch(&out);
	CHECK(batch);
	memset(&out, 'x', sizeof(out));
	EQ(batch->count, 3);
	EQ(batch->streams[0], 0);
	EQ(batch->streams[1], 7);
	EQ(batch->messages[0].head_len, 6);
	EQ_MEM(batch->messages[0].head, "onetwo", 6);
	EQ(batch->messages[1].head_len, HTTP2_FRAME_HEAD + 7);
	EQ_MEM(batch->messages[1].head, "frameheadcontent", HTTP2_FRAME_HEAD + 7);
	EQ(batch->messages[1].file_fd, -1);
	EQ_MEM(batch->messages[2].head, "three", 5);
	free(batch);
}

static unsigned take_all(struct http2_calm *calm, enum http2_nuisance kind, uint32_t now)
{
	unsigned count = 0;

	while (http2_calm_take(calm, kind, now))
		count++;
	return count;
}

TEST(patience_comes_back_with_time)
{
	struct http2_calm calm;

	http2_calm_init(&calm, 0xfffffffe);
	EQ(take_all(&calm, HTTP2_PING, 0xfffffffe), 100);
	EQ(take_all(&calm, HTTP2_PING, 0xfffffffe), 0);
	/* The clock may wrap. */
	EQ(take_all(&calm, HTTP2_PING, 1), 15);
	EQ(take_all(&calm, HTTP2_RESET, 1), 200);
	EQ(take_all(&calm, HTTP2_PING, 100000), 100);
	http2_calm_give(&calm, HTTP2_PING, 3);
	EQ(take_all(&calm, HTTP2_PING, 100000), 3);
	http2_calm_give(&calm, HTTP2_PING, 5000);
	EQ(take_all(&calm, HTTP2_PING, 100000), 100);
}

static void field(struct http2_head *head, const char *name, const char *value)
{
	http2_head_field(head, &(struct http_text){ name, strlen(name) },
			 &(struct http_text){ value, strlen(value) });
}

static struct http2_head *head_of(const char *path, const char *authority)
{
	struct http2_head *head = http2_head_new(HTTP_HEAD_LIMIT);

	CHECK(head);
	field(head, ":method", "GET");
	field(head, ":path", path);
	if (authority)
		field(head, ":authority", authority);
	return head;
}

TEST(heads)
{
	struct http2_head *head = head_of("/a?b", "example.org");

	field(head, "host", "example.org");
	CHECK(http2_head_finish(head));
	EQ(head->request.path.len, 2);
	EQ(head->request.query.len, 2);
	EQ(head->request.host.len, 11);
	free(head);
	head = head_of("/", "example.org");
	field(head, "host", "example.com");
	CHECK(!http2_head_finish(head));
	EQ(head->status, 400);
	free(head);
	head = head_of("nothing", "example.org");
	CHECK(!http2_head_finish(head));
	EQ(head->status, 400);
	free(head);
}

TEST(heads_with_lists)
{
	struct http2_head *head = head_of("/", "x");
	const struct http_request *r = &head->request;

	field(head, "accept-encoding", "gzip");
	field(head, "if-none-match", "\"a\"");
	field(head, "accept-encoding", "br");
	field(head, "if-none-match", "\"b\"");
	CHECK(http2_head_finish(head));
	CHECK(http_text_is(&r->accept_encoding.line, "gzip") && http_text_is(&r->accept_encoding.next->line, "br"));
	CHECK(http_text_is(&r->if_none_match.line, "\"a\"") && http_text_is(&r->if_none_match.next->line, "\"b\""));
	CHECK(!r->if_none_match.next->next && !r->accept_encoding.next->next && !r->accept.line.at);
	free(head);
	head = head_of("/", "x");
	field(head, "if-range", "\"a\"");
	field(head, "if-range", "\"a\"");
	CHECK(!http2_head_finish(head));
	EQ(head->status, 400);
	free(head);
	head = head_of("/", "x");
	for (int i = 0; i < HTTP_LINES_MAX + 2; i++)
		field(head, "accept", "a/b");
	CHECK(!http2_head_finish(head));
	EQ(head->status, 400);
	free(head);
}

/* However much comes, nothing is written past the end. */
TEST(heads_too_large)
{
	static char value[HTTP_HEAD_LIMIT];
	struct http2_head *head = head_of("/", "example.org");

	memset(value, 'v', sizeof(value) - 1);
	for (int i = 0; i < 1000; i++)
		field(head, "x", value);
	CHECK(!http2_head_finish(head));
	EQ(head->status, 431);
	free(head);
	head = head_of("/", "example.org");
	for (int i = 0; i < 1000; i++)
		field(head, "x", "");
	CHECK(!http2_head_finish(head));
	EQ(head->status, 431);
	free(head);
	value[HTTP_TARGET_LIMIT + 1] = '\0';
	value[0] = '/';
	head = head_of(value, "example.org");
	CHECK(!http2_head_finish(head));
	EQ(head->status, 414);
	free(head);
}
