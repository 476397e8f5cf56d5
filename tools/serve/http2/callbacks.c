// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include "tools/serve/http/worker.h"
#include "tools/serve/http2/callbacks.h"
#include "tools/serve/http2/conn.h"
#include "tools/serve/http2/stream.h"
#include "tools/serve/telemetry/limits.h"
#include "tools/serve/telemetry/accounting.h"

/* Frames, without DATA, that may wait for a client that takes none. */
#define CALLBACKS_QUEUE_MAX	1000

static bool callbacks_is_request(const nghttp2_frame *frame)
{
	return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
}

static int callbacks_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct http2 *h = user;

	(void)session;
	if (!callbacks_is_request(frame))
		return 0;
	free(h->request);
	h->request = http2_request_new(h->worker->accounting->settings->header_bytes);
	return h->request ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int callbacks_header(nghttp2_session *session, const nghttp2_frame *frame,
			    const uint8_t *name, size_t name_len, const uint8_t *value,
			    size_t value_len, uint8_t flags, void *user)
{
	struct http2 *h = user;

	(void)session, (void)flags;
	if (callbacks_is_request(frame) && h->request)
		http2_request_field(h->request, &(struct http_text){ (const char *)name, name_len },
				    &(struct http_text){ (const char *)value, value_len });
	return 0;
}

static int callbacks_respond(struct http2 *h, int32_t id)
{
	int ret;

	if (!h->request)
		return 0;
	h->useful = h->second;
	ret = http2_stream_respond(h, id);
	free(h->request);
	h->request = NULL;
	if (!accounting_request(h->worker->accounting, h->conn))
		http2_leave(h);
	return ret;
}

static void callbacks_ping(struct http2 *h, const nghttp2_frame *frame)
{
	if (!(frame->hd.flags & NGHTTP2_FLAG_ACK) || h->state != HTTP2_LEAVING) {
		http2_abuse(h, HTTP2_ABUSE_PING);
		return;
	}
	/* Whatever the client sent before it knew of the shutdown has arrived. */
	h->state = HTTP2_LEFT;
	nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE,
			      nghttp2_session_get_last_proc_stream_id(h->session), NGHTTP2_NO_ERROR,
			      NULL, 0);
}

static int callbacks_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *head, void *user)
{
	/* Every frame comes here, also those that make nghttp2 queue one of its own. */
	if (nghttp2_session_get_outbound_queue_size(session) > CALLBACKS_QUEUE_MAX)
		http2_end(user, NGHTTP2_ENHANCE_YOUR_CALM, "too many frames wait to be sent");
	/* nghttp2 drops PRIORITY frames behind this callback, unchecked. */
	if (head->type == NGHTTP2_PRIORITY && !head->stream_id)
		http2_end(user, NGHTTP2_PROTOCOL_ERROR, "PRIORITY for stream 0");
	else if (head->type == NGHTTP2_PRIORITY)
		http2_abuse(user, HTTP2_ABUSE_PRIORITY);
	return 0;
}

static int callbacks_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct http2 *h = user;

	(void)session;
	switch (frame->hd.type) {
	case NGHTTP2_HEADERS:
		return callbacks_is_request(frame) ? callbacks_respond(h, frame->hd.stream_id) : 0;
	case NGHTTP2_DATA:
		if (frame->hd.length == frame->data.padlen &&
		    !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
			http2_abuse(h, HTTP2_ABUSE_EMPTY);
		break;
	case NGHTTP2_RST_STREAM:
		http2_abuse(h, HTTP2_ABUSE_RESET);
		break;
	case NGHTTP2_SETTINGS:
		if (!(frame->hd.flags & NGHTTP2_FLAG_ACK))
			http2_abuse(h, HTTP2_ABUSE_SETTINGS);
		break;
	case NGHTTP2_PING:
		callbacks_ping(h, frame);
		break;
	case NGHTTP2_PRIORITY_UPDATE:
		http2_abuse(h, HTTP2_ABUSE_PRIORITY);
		break;
	case NGHTTP2_WINDOW_UPDATE:
		http2_abuse(h, HTTP2_ABUSE_WINDOW);
		break;
	}
	return 0;
}

static int callbacks_body(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
			  size_t len, void *user)
{
	struct http2_stream *stream = http2_stream_find(user, id);

	(void)flags, (void)data;
	if (!stream)
		return 0;
	/* Most clients read the response only after they could send their whole body. */
	stream->received += len;
	if (stream->received > HTTP_BODY_LIMIT)
		nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id,
					  stream->body.left ? NGHTTP2_ENHANCE_YOUR_CALM
							    : NGHTTP2_NO_ERROR);
	return 0;
}

static ssize_t callbacks_length(nghttp2_session *session, uint8_t type, int32_t id,
				int32_t connection_window, int32_t stream_window,
				uint32_t frame_max, void *user)
{
	struct http2 *h = user;
	size_t length = http2_output_fit(h->output);

	(void)session, (void)type, (void)id;
	if (length > (size_t)connection_window)
		length = (size_t)connection_window;
	if (length > (size_t)stream_window)
		length = (size_t)stream_window;
	return (ssize_t)(length < frame_max ? length : frame_max);
}

static ssize_t callbacks_padding(nghttp2_session *session, const nghttp2_frame *frame, size_t max,
				 void *user)
{
	const struct http2 *h = user;

	(void)session, (void)max;
	return (ssize_t)(frame->hd.length + (frame->hd.type == NGHTTP2_DATA ? h->padding : 0));
}

static int callbacks_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head,
			       size_t length, nghttp2_data_source *source, void *user)
{
	struct http2 *h = user;
	struct http2_stream *stream = source->ptr;

	(void)session;
	http2_output_data(h->output, frame->hd.stream_id, head, length, frame->data.padlen,
			  &stream->body);
	h->useful = h->second;
	/* The client will widen the windows of the stream and of the connection; some clients do so
	 * for padding separately. */
	http2_flood_give(&h->flood, HTTP2_ABUSE_WINDOW, frame->data.padlen ? 4 : 2);
	return http2_output_room(h->output) ? 0 : NGHTTP2_ERR_PAUSE;
}

static int callbacks_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	(void)session;
	if (frame->hd.type == NGHTTP2_RST_STREAM &&
	    frame->rst_stream.error_code != NGHTTP2_NO_ERROR)
		http2_abuse(user, HTTP2_ABUSE_RESET);
	return 0;
}

static int callbacks_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *user)
{
	struct http2_stream *stream = http2_stream_find(user, id);

	(void)session, (void)error;
	if (stream)
		http2_stream_close(user, stream);
	return 0;
}

nghttp2_session_callbacks *http2_callbacks_new(void)
{
	nghttp2_session_callbacks *callbacks;

	if (nghttp2_session_callbacks_new(&callbacks))
		return NULL;
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, callbacks_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, callbacks_header);
	nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, callbacks_begin_frame);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, callbacks_frame_recv);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, callbacks_body);
	nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, callbacks_length);
	nghttp2_session_callbacks_set_select_padding_callback(callbacks, callbacks_padding);
	nghttp2_session_callbacks_set_send_data_callback(callbacks, callbacks_send_data);
	nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, callbacks_frame_send);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, callbacks_stream_close);
	return callbacks;
}
