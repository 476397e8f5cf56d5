// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>
#include "tools/serve/http2/output.h"

#define OUTPUT_FRAME_MIN	4096u	/* rather a frame across two records than a shorter one */
#define OUTPUT_PAD_MIN	(256u << 10)	/* padding pays for batches and files of so many bytes */
#define OUTPUT_BLOCK	16u		/* bytes of a cipher's block */
#define OUTPUT_PADDING	(OUTPUT_BLOCK - HTTP2_FRAME_HEAD)

void http2_output_start(struct http2_output *out, size_t limit)
{
	out->limit = limit;
	out->total = out->used = 0;
	out->count = 0;
	out->open = false;
}

bool http2_output_room(const struct http2_output *out)
{
	return out->total < out->limit && out->used + HTTP2_OUTPUT_FRAME <= sizeof(out->bytes) &&
	       out->count + 2 <= HTTP2_OUTPUT_MESSAGES;
}

static struct tlsring_message *output_message(struct http2_output *out, int32_t stream)
{
	struct tlsring_message *message = &out->messages[out->count];

	*message = (struct tlsring_message){ .head = out->bytes + out->used, .file_fd = -1 };
	out->streams[out->count++] = stream;
	return message;
}

static void output_put(struct http2_output *out, const void *bytes, size_t len)
{
	memcpy(out->bytes + out->used, bytes, len);
	out->used += len;
	out->total += len;
}

static void output_bytes(struct http2_output *out, struct tlsring_message *message,
			 const void *bytes, size_t len)
{
	output_put(out, bytes, len);
	message->head_len += len;
}

void http2_output_frames(struct http2_output *out, const void *bytes, size_t len)
{
	struct tlsring_message *message;

	message = out->open ? &out->messages[out->count - 1] : output_message(out, 0);
	output_bytes(out, message, bytes, len);
	out->open = true;
}

static void output_padding(struct http2_output *out, struct tlsring_message *message,
			   size_t padding)
{
	static const char zeroes[256];

	message->tail = out->bytes + out->used;
	message->tail_len = padding - 1;
	output_put(out, zeroes, padding - 1);
}

size_t http2_output_padding(const struct http2_output *out, const struct body *body, size_t length)
{
	uint64_t end = body->now.offset + length - OUTPUT_PADDING;

	if (out->limit < OUTPUT_PAD_MIN || body->now.text_len ||
	    body->now.length < OUTPUT_PAD_MIN || length < OUTPUT_FRAME_MIN)
		return 0;
	return OUTPUT_PADDING + end % OUTPUT_BLOCK;
}

void http2_output_data(struct http2_output *out, int32_t stream,
		       const uint8_t head[HTTP2_FRAME_HEAD], size_t length, size_t padding,
		       struct body *body)
{
	const uint8_t pad_length = (uint8_t)(padding - 1);
	struct tlsring_message *message;
	struct body_piece piece;

	/* A message of its own: when its file became shorter, no other frame is lost with it. */
	out->open = false;
	message = output_message(out, stream);
	output_bytes(out, message, head, HTTP2_FRAME_HEAD);
	if (padding)
		output_bytes(out, message, &pad_length, 1);
	if (!body_take(body, length, &piece))
		return;
	if (piece.text_len)
		output_bytes(out, message, piece.text, piece.text_len);
	message->file_fd = piece.length ? body_fd(body) : -1;
	message->mapping = piece.length ? body_mapping(body) : NULL;
	message->offset = piece.offset;
	message->length = piece.length;
	out->total += piece.length;
	if (padding)
		output_padding(out, message, padding);
}

size_t http2_output_fit(const struct http2_output *out)
{
	size_t room = HTTP2_RECORD - out->total % HTTP2_RECORD;

	return (room < OUTPUT_FRAME_MIN ? HTTP2_RECORD : room) - HTTP2_FRAME_HEAD;
}

struct http2_batch *http2_output_batch(const struct http2_output *out)
{
	size_t messages = out->count * sizeof(*out->messages);
	size_t streams = out->count * sizeof(*out->streams);
	struct http2_batch *batch = malloc(sizeof(*batch) + messages + streams + out->used);
	char *bytes;

	if (!batch)
		return NULL;
	batch->count = out->count;
	memcpy(batch->messages, out->messages, messages);
	batch->streams = (int32_t *)((char *)batch->messages + messages);
	memcpy(batch->streams, out->streams, streams);
	bytes = (char *)batch->streams + streams;
	memcpy(bytes, out->bytes, out->used);
	for (unsigned i = 0; i < batch->count; i++) {
		struct tlsring_message *message = &batch->messages[i];

		message->head = bytes + ((const char *)message->head - out->bytes);
		if (message->tail_len)
			message->tail = bytes + ((const char *)message->tail - out->bytes);
	}
	return batch;
}

bool http2_batch_has(const struct http2_batch *batch, int32_t stream)
{
	for (unsigned i = 0; i < batch->count; i++)
		if (batch->streams[i] == stream)
			return true;
	return false;
}
