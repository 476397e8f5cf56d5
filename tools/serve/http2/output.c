// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>
#include "tools/serve/http2/output.h"

#define OUT_LEAST	4096u	/* rather than a frame shorter than that one that lies across records */
#define OUT_PAD_LEAST	(256u << 10)	/* bytes that shall go out at once, and that a file still has */
#define OUT_BLOCK	16u	/* bytes of a cipher's */
#define OUT_PADDING	(OUT_BLOCK - HTTP2_FRAME_HEAD)

void http2_out_start(struct http2_out *out, size_t most)
{
	out->most = most;
	out->total = out->used = 0;
	out->count = 0;
	out->open = false;
}

bool http2_out_room(const struct http2_out *out)
{
	return out->total < out->most && out->used + HTTP2_OUT_FRAME <= sizeof(out->bytes) &&
	       out->count + 2 <= HTTP2_OUT_MESSAGES;
}

static struct tlsring_message *out_message(struct http2_out *out, int32_t stream)
{
	struct tlsring_message *message = &out->messages[out->count];

	*message = (struct tlsring_message){ .head = out->bytes + out->used, .file_fd = -1 };
	out->streams[out->count++] = stream;
	return message;
}

static void out_put(struct http2_out *out, const void *bytes, size_t len)
{
	memcpy(out->bytes + out->used, bytes, len);
	out->used += len;
	out->total += len;
}

static void out_bytes(struct http2_out *out, struct tlsring_message *message, const void *bytes, size_t len)
{
	out_put(out, bytes, len);
	message->head_len += len;
}

void http2_out_frames(struct http2_out *out, const void *bytes, size_t len)
{
	struct tlsring_message *message = out->open ? &out->messages[out->count - 1] : out_message(out, 0);

	out_bytes(out, message, bytes, len);
	out->open = true;
}

static void out_padding(struct http2_out *out, struct tlsring_message *message, size_t padding)
{
	static const char zeroes[256];

	message->tail = out->bytes + out->used;
	message->tail_len = padding - 1;
	out_put(out, zeroes, padding - 1);
}

size_t http2_out_padding(const struct http2_out *out, const struct content *content, size_t length)
{
	uint64_t end = content->now.offset + length - OUT_PADDING;

	if (out->most < OUT_PAD_LEAST || content->now.text_len || content->now.length < OUT_PAD_LEAST ||
	    length < OUT_LEAST)
		return 0;
	return OUT_PADDING + end % OUT_BLOCK;
}

void http2_out_data(struct http2_out *out, int32_t stream, const uint8_t head[HTTP2_FRAME_HEAD], size_t length,
		    size_t padding, struct content *content)
{
	const uint8_t pad_length = (uint8_t)(padding - 1);
	struct tlsring_message *message;
	struct content_piece piece;

	/* Of its own: a file that became shorter must not take other frames along. */
	out->open = false;
	message = out_message(out, stream);
	out_bytes(out, message, head, HTTP2_FRAME_HEAD);
	if (padding)
		out_bytes(out, message, &pad_length, 1);
	if (!content_take(content, length, &piece))
		return;
	if (piece.text_len)
		out_bytes(out, message, piece.text, piece.text_len);
	message->file_fd = piece.length ? content_fd(content) : -1;
	message->mapping = piece.length ? content_mapping(content) : NULL;
	message->offset = piece.offset;
	message->length = piece.length;
	out->total += piece.length;
	if (padding)
		out_padding(out, message, padding);
}

size_t http2_out_fit(const struct http2_out *out)
{
	size_t room = HTTP2_RECORD - out->total % HTTP2_RECORD;

	return (room < OUT_LEAST ? HTTP2_RECORD : room) - HTTP2_FRAME_HEAD;
}

struct http2_batch *http2_out_batch(const struct http2_out *out)
{
	size_t messages = out->count * sizeof(*out->messages), streams = out->count * sizeof(*out->streams);
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
