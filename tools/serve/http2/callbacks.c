// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include "tools/serve/http2/conn.h"
#include "tools/serve/limits.h"
#include "tools/serve/http/worker.h"

static bool events_request(const nghttp2_frame *frame)
{
	return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
}

static int events_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct http2 *h = user;

	(void)session;
	if (!events_request(frame))
		return 0;
	free(h->head);
	h->head = http2_head_new(h->worker->account->settings->header_bytes);
	return h->head ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int events_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
			 size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	struct http2 *h = user;

	(void)session, (void)flags;
	if (events_request(frame) && h->head)
		http2_head_field(h->head, &(struct http_text){ (const char *)name, name_len },
				 &(struct http_text){ (const char *)value, value_len });
	return 0;
}

static int events_request_came(struct http2 *h, int32_t id)
{
	int ret;

	if (!h->head)
		return 0;
	h->useful = h->second;
	ret = http2_stream_answer(h, id);
	free(h->head);
	h->head = NULL;
	if (!account_request(h->worker->account, h->conn))
		http2_leave(h);
	return ret;
}

static void events_ping(struct http2 *h, const nghttp2_frame *frame)
{
	if (!(frame->hd.flags & NGHTTP2_FLAG_ACK))
		http2_nuisance(h, HTTP2_PING);
	else if (h->leaving)
		/* Whatever the client sent before it knew that we leave is here. */
		nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE,
				      nghttp2_session_get_last_proc_stream_id(h->session), NGHTTP2_NO_ERROR,
				      NULL, 0);
}

/* Of the old priorities nghttp2 tells nothing else. */
static int events_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *head, void *user)
{
	(void)session;
	if (head->type == NGHTTP2_PRIORITY)
		http2_nuisance(user, HTTP2_PRIORITY);
	return 0;
}

static int events_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct http2 *h = user;

	(void)session;
	switch (frame->hd.type) {
	case NGHTTP2_HEADERS:
		return events_request(frame) ? events_request_came(h, frame->hd.stream_id) : 0;
	case NGHTTP2_DATA:
		if (frame->hd.length == frame->data.padlen && !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
			http2_nuisance(h, HTTP2_EMPTY);
		break;
	case NGHTTP2_RST_STREAM:
		http2_nuisance(h, HTTP2_RESET);
		break;
	case NGHTTP2_SETTINGS:
		if (!(frame->hd.flags & NGHTTP2_FLAG_ACK))
			http2_nuisance(h, HTTP2_SETTINGS);
		break;
	case NGHTTP2_PING:
		events_ping(h, frame);
		break;
	case NGHTTP2_PRIORITY_UPDATE:
		http2_nuisance(h, HTTP2_PRIORITY);
		break;
	case NGHTTP2_WINDOW_UPDATE:
		http2_nuisance(h, HTTP2_WINDOW);
		break;
	}
	return 0;
}

static int events_body(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data, size_t len,
		       void *user)
{
	struct http2_stream *stream = http2_stream_find(user, id);

	(void)flags, (void)data;
	if (!stream)
		return 0;
	/* Most clients see the answer only if the rest of the body is taken from them. */
	stream->body += len;
	if (stream->body > HTTP_BODY_LIMIT)
		nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id,
					  stream->content.left ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_NO_ERROR);
	return 0;
}

static ssize_t events_length(nghttp2_session *session, uint8_t type, int32_t id, int32_t connection_window,
			     int32_t stream_window, uint32_t frame_max, void *user)
{
	struct http2 *h = user;
	size_t length = http2_out_fit(h->out);

	(void)session, (void)type, (void)id;
	if (length > (size_t)connection_window)
		length = (size_t)connection_window;
	if (length > (size_t)stream_window)
		length = (size_t)stream_window;
	return (ssize_t)(length < frame_max ? length : frame_max);
}

static ssize_t events_padding(nghttp2_session *session, const nghttp2_frame *frame, size_t most, void *user)
{
	const struct http2 *h = user;

	(void)session, (void)most;
	return (ssize_t)(frame->hd.length + (frame->hd.type == NGHTTP2_DATA ? h->padding : 0));
}

static int events_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head, size_t length,
			    nghttp2_data_source *source, void *user)
{
	struct http2 *h = user;
	struct http2_stream *stream = source->ptr;

	(void)session;
	http2_out_data(h->out, frame->hd.stream_id, head, length, frame->data.padlen, &stream->content);
	h->useful = h->second;
	/* The client will widen its windows again: the stream's and the connection's; some for padding by itself. */
	http2_calm_give(&h->calm, HTTP2_WINDOW, frame->data.padlen ? 4 : 2);
	return http2_out_room(h->out) ? 0 : NGHTTP2_ERR_PAUSE;
}

static int events_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	(void)session;
	if (frame->hd.type == NGHTTP2_RST_STREAM && frame->rst_stream.error_code != NGHTTP2_NO_ERROR)
		http2_nuisance(user, HTTP2_RESET);
	return 0;
}

static int events_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *user)
{
	struct http2_stream *stream = http2_stream_find(user, id);

	(void)session, (void)error;
	if (stream)
		http2_stream_closed(user, stream);
	return 0;
}

nghttp2_session_callbacks *http2_events_new(void)
{
	nghttp2_session_callbacks *callbacks;

	if (nghttp2_session_callbacks_new(&callbacks))
		return NULL;
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, events_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, events_header);
	nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, events_begin_frame);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, events_frame_recv);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, events_body);
	nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, events_length);
	nghttp2_session_callbacks_set_select_padding_callback(callbacks, events_padding);
	nghttp2_session_callbacks_set_send_data_callback(callbacks, events_send_data);
	nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, events_frame_send);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, events_stream_close);
	return callbacks;
}
