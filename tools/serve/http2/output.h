/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HTTP2_OUTPUT_H
#define TOOLS_SERVE_HTTP2_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tools/serve/http/body.h"
#include "tlsring.h"

/*
 * Frames to be sent. A thread gathers them in its struct http2_output until they fill some records,
 * then copies them into a batch, which their connection owns until it is sent.
 */

#define HTTP2_RECORD		16384u
#define HTTP2_FRAME_HEAD	9u
#define HTTP2_BATCH_MIN		(4 * HTTP2_RECORD)	/* bytes, if there are so many to send */
#define HTTP2_BATCH_MAX		(256 * HTTP2_RECORD)	/* to a client that takes them fast */
#define HTTP2_OUTPUT_MESSAGES	512
#define HTTP2_OUTPUT_FRAME	(HTTP2_RECORD + HTTP2_FRAME_HEAD)	/* the largest one */

struct http2_output {
	size_t limit;	/* bytes to gather */
	size_t total;	/* bytes gathered */
	size_t used;	/* of bytes[] */
	unsigned count;	/* of messages */
	bool open;	/* the last message takes more frames */
	struct tlsring_message messages[HTTP2_OUTPUT_MESSAGES];
	int32_t streams[HTTP2_OUTPUT_MESSAGES];	/* of each message's DATA frame; 0: other frames */
	char bytes[4 * HTTP2_OUTPUT_FRAME];
};

/* One allocation: the streams and the messages' bytes lie behind the messages. */
struct http2_batch {
	unsigned count;
	int32_t *streams;
	struct tlsring_message messages[];
};

/* Begin a batch of about `limit` bytes. */
void http2_output_start(struct http2_output *out, size_t limit);
/* Is there room for one more frame of any kind? */
bool http2_output_room(const struct http2_output *out);
/* Add frames as nghttp2 wrote them; not for DATA. */
void http2_output_frames(struct http2_output *out, const void *bytes, size_t len);
/* Add a DATA frame with `length` bytes of the body and `padding` bytes of padding, the length of
 * the padding included. */
void http2_output_data(struct http2_output *out, int32_t stream,
		       const uint8_t head[HTTP2_FRAME_HEAD], size_t length, size_t padding,
		       struct body *body);
/* The length of a DATA frame that ends with its record. */
size_t http2_output_fit(const struct http2_output *out);
/*
 * The padding that makes such a frame cheaper when the kernel seals it from the body's file. The
 * nine bytes before each piece of a file put one block of the cipher across the edge of each page,
 * and the kernel copies such blocks one by one. With padding there are sixteen bytes between two
 * pieces. 0: the frame needs none, or so little is sent at once that it is copied anyway.
 */
size_t http2_output_padding(const struct http2_output *out, const struct body *body, size_t length);
/* The gathered frames, for free(). NULL: out of memory. */
struct http2_batch *http2_output_batch(const struct http2_output *out);
/* Has the batch a DATA frame of this stream? */
bool http2_batch_has(const struct http2_batch *batch, int32_t stream);

#endif
