// SPDX-License-Identifier: MIT
/* Parts of the HTTP/2 server that need no connection: batches of frames, flood limits, heads. */
#include "tests/ktap.h"
#include "tools/serve/http2/flood.h"
#include "tools/serve/http2/request.h"
#include "tools/serve/http2/output.h"

static const uint8_t frame_head[HTTP2_FRAME_HEAD] = "framehead";

/* Frames end with their records, whatever came before. */
TEST(frames_fit_records)
{
	static struct http2_output out;
	static char text[HTTP2_OUTPUT_FRAME * 4];
	struct body body;

	body_set_text(&body, text, sizeof(text));
	http2_output_start(&out, HTTP2_BATCH_MIN);
	EQ(http2_output_fit(&out), HTTP2_RECORD - HTTP2_FRAME_HEAD);
	http2_output_frames(&out, "fields", 6);
	EQ(http2_output_fit(&out), HTTP2_RECORD - HTTP2_FRAME_HEAD - 6);
	while (http2_output_room(&out) && body.left) {
		size_t fit = http2_output_fit(&out);

		http2_output_data(&out, 1, frame_head, fit < body.left ? fit : body.left, 0, &body);
		EQ(out.total % HTTP2_RECORD, 0);
	}
	CHECK(out.total <= HTTP2_BATCH_MIN);
	/* A frame in the little that is left of a record is not worth it: it ends with the next
	 * one. */
	http2_output_start(&out, HTTP2_BATCH_MIN);
	http2_output_frames(&out, text, HTTP2_RECORD - 1000);
	EQ(http2_output_fit(&out), HTTP2_RECORD - HTTP2_FRAME_HEAD);
}

/* However the file was cut before, pieces begin at a block of the cipher at each page's edge. */
TEST(padding_keeps_blocks_inside_pages)
{
	static struct http2_output out;
	struct body body = { .left = 1 << 24, .now = { .offset = 3, .length = 1 << 24 } };
	const char *tail = NULL;

	http2_output_start(&out, HTTP2_BATCH_MAX);
	http2_output_frames(&out, "fields", 6);
	while (http2_output_room(&out)) {
		size_t fit = http2_output_fit(&out),
		       padding = http2_output_padding(&out, &body, fit);
		struct tlsring_message *message = &out.messages[out.count];

		CHECK(padding >= 7 && padding < 7 + 16);
		http2_output_data(&out, 1, frame_head, fit - padding, padding, &body);
		EQ(out.total % HTTP2_RECORD, 0);
		EQ(body.now.offset % 16, 0);
		EQ(message->head_len, HTTP2_FRAME_HEAD + 1);
		EQ(((const uint8_t *)message->head)[HTTP2_FRAME_HEAD], padding - 1);
		EQ(message->tail_len, padding - 1);
		CHECK(!tail || tail == message->head);
		tail = (const char *)message->tail + message->tail_len;
		CHECK(out.count == 2 || padding == 7);
	}
	CHECK(out.total >= HTTP2_BATCH_MAX);
	EQ(http2_output_padding(&out, &body, 100), 0);
	body.now.length = 100000;
	EQ(http2_output_padding(&out, &body, HTTP2_RECORD - HTTP2_FRAME_HEAD), 0);
	body.now.length = 1 << 20;
	http2_output_start(&out, HTTP2_BATCH_MIN);
	EQ(http2_output_padding(&out, &body, HTTP2_RECORD - HTTP2_FRAME_HEAD), 0);
}

/* A DATA frame is a message of its own, so that it can be left out; other frames share one. */
TEST(batch_has_what_was_gathered)
{
	static struct http2_output out;
	struct http2_batch *batch;
	struct body body;

	body_set_text(&body, "content", 7);
	http2_output_start(&out, HTTP2_BATCH_MIN);
	http2_output_frames(&out, "one", 3);
	http2_output_frames(&out, "two", 3);
	http2_output_data(&out, 7, frame_head, 7, 0, &body);
	http2_output_frames(&out, "three", 5);
	batch = http2_output_batch(&out);
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

static unsigned take_all(struct http2_flood *flood, enum http2_abuse kind, uint32_t now)
{
	unsigned count = 0;

	while (http2_flood_take(flood, kind, now))
		count++;
	return count;
}

TEST(patience_comes_back_with_time)
{
	struct http2_flood flood;

	http2_flood_init(&flood, 0xfffffffe);
	EQ(take_all(&flood, HTTP2_ABUSE_PING, 0xfffffffe), 100);
	EQ(take_all(&flood, HTTP2_ABUSE_PING, 0xfffffffe), 0);
	/* The clock may wrap. */
	EQ(take_all(&flood, HTTP2_ABUSE_PING, 1), 15);
	EQ(take_all(&flood, HTTP2_ABUSE_RESET, 1), 200);
	EQ(take_all(&flood, HTTP2_ABUSE_PING, 100000), 100);
	http2_flood_give(&flood, HTTP2_ABUSE_PING, 3);
	EQ(take_all(&flood, HTTP2_ABUSE_PING, 100000), 3);
	http2_flood_give(&flood, HTTP2_ABUSE_PING, 5000);
	EQ(take_all(&flood, HTTP2_ABUSE_PING, 100000), 100);
}

static void field(struct http2_request *request, const char *name, const char *value)
{
	http2_request_field(request, &(struct http_text){ name, strlen(name) },
			    &(struct http_text){ value, strlen(value) });
}

static struct http2_request *request_of(const char *path, const char *authority)
{
	struct http2_request *request = http2_request_new(HTTP_HEAD_LIMIT);

	CHECK(request);
	field(request, ":method", "GET");
	field(request, ":path", path);
	if (authority)
		field(request, ":authority", authority);
	return request;
}

TEST(heads)
{
	struct http2_request *request = request_of("/a?b", "example.org");

	field(request, "host", "example.org");
	CHECK(http2_request_finish(request));
	EQ(request->parsed.path.len, 2);
	EQ(request->parsed.query.len, 2);
	EQ(request->parsed.host.len, 11);
	free(request);
	request = request_of("/", "example.org");
	field(request, "host", "example.com");
	CHECK(!http2_request_finish(request));
	EQ(request->status, 400);
	free(request);
	request = request_of("nothing", "example.org");
	CHECK(!http2_request_finish(request));
	EQ(request->status, 400);
	free(request);
}

TEST(heads_with_lists)
{
	struct http2_request *request = request_of("/", "x");
	const struct http_request *r = &request->parsed;

	field(request, "accept-encoding", "gzip");
	field(request, "if-none-match", "\"a\"");
	field(request, "accept-encoding", "br");
	field(request, "if-none-match", "\"b\"");
	CHECK(http2_request_finish(request));
	CHECK(http_text_is(&r->accept_encoding.line, "gzip") &&
	      http_text_is(&r->accept_encoding.next->line, "br"));
	CHECK(http_text_is(&r->if_none_match.line, "\"a\"") &&
	      http_text_is(&r->if_none_match.next->line, "\"b\""));
	CHECK(!r->if_none_match.next->next && !r->accept_encoding.next->next && !r->accept.line.at);
	free(request);
	request = request_of("/", "x");
	field(request, "if-range", "\"a\"");
	field(request, "if-range", "\"a\"");
	CHECK(!http2_request_finish(request));
	EQ(request->status, 400);
	free(request);
	request = request_of("/", "x");
	for (int i = 0; i < HTTP_LINES_MAX + 2; i++)
		field(request, "accept", "a/b");
	CHECK(!http2_request_finish(request));
	EQ(request->status, 400);
	free(request);
}

/* However many bytes arrive, nothing is written past the end. */
TEST(heads_too_large)
{
	static char value[HTTP_HEAD_LIMIT];
	struct http2_request *request = request_of("/", "example.org");

	memset(value, 'v', sizeof(value) - 1);
	for (int i = 0; i < 1000; i++)
		field(request, "x", value);
	CHECK(!http2_request_finish(request));
	EQ(request->status, 431);
	free(request);
	request = request_of("/", "example.org");
	for (int i = 0; i < 1000; i++)
		field(request, "x", "");
	CHECK(!http2_request_finish(request));
	EQ(request->status, 431);
	free(request);
	value[HTTP_TARGET_LIMIT + 1] = '\0';
	value[0] = '/';
	request = request_of(value, "example.org");
	CHECK(!http2_request_finish(request));
	EQ(request->status, 414);
	free(request);
}
