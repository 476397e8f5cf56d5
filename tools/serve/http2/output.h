/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HTTP2_OUTPUT_H
#define TOOLS_SERVE_HTTP2_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tools/serve/http/body.h"
#include "tlsring.h"

/*
 * Frames on their way out. A thread gathers them in its struct http2_out until they fill some
 * records; then they become a batch of their connection's.
 */

#define HTTP2_RECORD		16384u
#define HTTP2_FRAME_HEAD	9u
#define HTTP2_OUT_LEAST		(4 * HTTP2_RECORD)	/* goes out at once, at least, if there is so much; */
#define HTTP2_OUT_MOST		(256 * HTTP2_RECORD)	/* to a client that takes it fast */
#define HTTP2_OUT_MESSAGES	512
#define HTTP2_OUT_FRAME		(HTTP2_RECORD + HTTP2_FRAME_HEAD)	/* the largest that nghttp2 makes */

struct http2_out {
	size_t most;		/* bytes that shall go out at once */
	size_t total;		/* bytes so far */
	size_t used;		/* of bytes[] */
	unsigned count;		/* of messages */
	bool open;		/* the last one takes more bytes */
	struct tlsring_message messages[HTTP2_OUT_MESSAGES];
	int32_t streams[HTTP2_OUT_MESSAGES];	/* whose DATA it is; 0: other frames */
	char bytes[4 * HTTP2_OUT_FRAME];
};

struct http2_batch {
	unsigned count;
	int32_t *streams;	/* in `messages`' allocation, which is this one, as are the bytes */
	struct tlsring_message messages[];
};

void http2_out_start(struct http2_out *out, size_t most);
/* Room for one more frame of any kind? */
bool http2_out_room(const struct http2_out *out);
/* Frames but DATA, as nghttp2 wrote them. */
void http2_out_frames(struct http2_out *out, const void *bytes, size_t len);
/* A DATA frame with that many bytes of the content, and padding, of which its length's byte is one. */
void http2_out_data(struct http2_out *out, int32_t stream, const uint8_t head[HTTP2_FRAME_HEAD], size_t length,
		    size_t padding, struct content *content);
/* How long should a DATA frame be that is to end with its record? */
size_t http2_out_fit(const struct http2_out *out);
/*
 * How much of such a frame, which the kernel will seal from the content's file, should be padding? The nine
 * bytes before each piece of a file put one of the cipher's blocks across each of its pages' edges, and the
 * kernel copies such a block by itself. With padding it is sixteen bytes between two pieces. 0: not worth it,
 * or so little goes out at once that it is copied in any case.
 */
size_t http2_out_padding(const struct http2_out *out, const struct content *content, size_t length);
/* What was gathered, for free(); NULL: no memory. */
struct http2_batch *http2_out_batch(const struct http2_out *out);

#endif
