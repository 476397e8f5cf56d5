// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>
#include "tools/common/log.h"
#include "tools/serve/http/worker.h"
#include "tools/serve/http2/stream.h"

#define STREAM_PATH	256	/* bytes of a path that are kept for the log */
#define STREAM_CRUMB	128	/* bytes; a shorter frame before the last one is an abuse */

static struct http2_stream *stream_new(struct http2 *h, int32_t id, const struct http_text *path)
{
	size_t len = path->len < STREAM_PATH ? path->len : STREAM_PATH;
	struct http2_stream *stream = malloc(sizeof(*stream) + len);

	if (!stream)
		return NULL;
	*stream = (struct http2_stream){ .h = h, .id = id, .path_len = len };
	if (len)
		memcpy(stream->path, path->at, len);
	LIST_INSERT_HEAD(&h->open, stream, link);
	return stream;
}

/* Count the file of a response. False: too many are open. */
static bool stream_open_file(struct http2 *h, struct http2_stream *stream, const struct body *body)
{
	if (!body_needs_file(body))
		return true;
	if (h->has_file) {
		if (!accounting_file_begin(h->worker->accounting, h->conn))
			return false;
		stream->file = HTTP2_FILE_COUNTED;
		return true;
	}
	h->has_file = true;
	stream->file = HTTP2_FILE_OWN;
	return true;
}

static void stream_free(struct http2 *h, struct http2_stream *stream, bool failed)
{
	struct accounting *accounting = h->worker->accounting;

	LIST_REMOVE(stream, link);
	worker_wait_cancel(&stream->wait);
	if (stream->file == HTTP2_FILE_COUNTED)
		accounting_file_end(accounting, h->conn);
	else if (stream->file == HTTP2_FILE_OWN)
		h->has_file = false;
	accounting_end(accounting, &stream->exchange, h->conn, stream->body.left + failed);
	body_free(&stream->body);
	free(stream);
}

void http2_stream_close(struct http2 *h, struct http2_stream *stream)
{
	/* A client that takes nothing may reset streams without end: keep those that are being
	 * sent. */
	if (h->batch && !http2_batch_has(h->batch, stream->id)) {
		stream_free(h, stream, true);
		return;
	}
	worker_wait_cancel(&stream->wait);
	LIST_REMOVE(stream, link);
	LIST_INSERT_HEAD(&h->closed, stream, link);
}

/* failed: the last frames of these streams were not sent. */
static void stream_free_list(struct http2 *h, struct http2_streams *list, bool failed)
{
	while (!LIST_EMPTY(list))
		stream_free(h, LIST_FIRST(list), failed);
}

void http2_stream_purge(struct http2 *h)
{
	stream_free_list(h, &h->closed, false);
}

void http2_stream_free_all(struct http2 *h)
{
	stream_free_list(h, &h->closed, true);
	stream_free_list(h, &h->open, true);
}

struct http2_stream *http2_stream_find(struct http2 *h, int32_t id)
{
	return nghttp2_session_get_stream_user_data(h->session, id);
}

/* ---- bodies ---- */

static ssize_t stream_read(nghttp2_session *session, int32_t id, uint8_t *buf, size_t length,
			   uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct http2_stream *stream = source->ptr;
	struct http2 *h = user;
	uint64_t available = body_available(&stream->body);

	(void)session, (void)id, (void)buf;
	h->padding = h->sealed && length == http2_output_fit(h->output) ?
		(uint32_t)http2_output_padding(h->output, &stream->body, length) : 0;
	length -= h->padding;
	if (length < STREAM_CRUMB && length < available)
		http2_abuse(h, HTTP2_ABUSE_CRUMB);
	if (available < length)
		length = (size_t)available;
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (length == stream->body.left)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)length;
}

static struct http2_stream *stream_find_closed(const struct http2 *h, int32_t id)
{
	struct http2_stream *stream;

	LIST_FOREACH(stream, &h->closed, link)
		if (stream->id == id)
			return stream;
	return NULL;
}

void http2_stream_missing(struct http2 *h, int32_t id, size_t length)
{
	struct tlsring_info info = { .size = sizeof(info) };
	struct http2_stream *stream = http2_stream_find(h, id);
	char quote[STREAM_PATH];

	if (!stream)
		stream = stream_find_closed(h, id);
	h->lost += (uint32_t)length;
	if (!stream || stream->cut)
		return;
	stream->cut = true;
	if (!tlsring_conn_info(h->conn, &info))
		log_peer(&info.peer, "stream cut: %s became shorter while it was sent",
			 log_quote(quote, sizeof(quote), stream->path, stream->path_len));
	nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_INTERNAL_ERROR);
}

/* ---- responses ---- */

static nghttp2_nv stream_field(const char *name, size_t name_len, const char *value,
			       size_t value_len)
{
	return (nghttp2_nv){
		.name = (uint8_t *)name,
		.namelen = name_len,
		.value = (uint8_t *)value,
		.valuelen = value_len,
	};
}

static int stream_submit(struct http2 *h, struct http2_stream *stream)
{
	struct response *response = &h->worker->response;
	nghttp2_data_provider provider = { .source.ptr = stream, .read_callback = stream_read };
	nghttp2_nv fields[RESPONSE_FIELDS + 1];
	char status[3] = {
		(char)('0' + response->status / 100), (char)('0' + response->status / 10 % 10),
		(char)('0' + response->status % 10),
	};
	size_t count = 1;

	fields[0] = stream_field(":status", 7, status, sizeof(status));
	for (unsigned i = 0; i < response->field_count; i++)
		fields[count++] =
			stream_field(response->fields[i].name, response->fields[i].name_len,
				     response->fields[i].value, response->fields[i].value_len);
	return nghttp2_submit_response(h->session, stream->id, fields, count,
				       stream->body.left ? &provider : NULL);
}

/* Send the worker's response; its body becomes the stream's. 0, or an error for nghttp2. */
static int stream_send(struct http2 *h, struct http2_stream *stream)
{
	const struct http_text path = { stream->path, stream->path_len };
	struct response *response = &h->worker->response;

	if (!stream_open_file(h, stream, &response->body)) {
		body_free(&response->body);
		response_error(response, 503, &(struct http_request){ 0 },
			       "too many files are open for this address");
	}
	response_log(response, &path, h->conn);
	accounting_respond(&stream->exchange, response->status, response->body.left);
	stream->body = response->body;
	response->body = (struct body){ 0 };
	return stream_submit(h, stream) ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
}

static void stream_waited(struct response_wait *wait)
{
	struct http2_stream *stream = wait->user;
	struct http2 *h = stream->h;

	worker_wait_end(&stream->wait);
	if (stream_send(h, stream))
		nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, stream->id,
					  NGHTTP2_INTERNAL_ERROR);
	h->flush(h);
}

int http2_stream_respond(struct http2 *h, int32_t id)
{
	struct http2_request *request = h->request;
	struct response *response = &h->worker->response;
	bool made = true, good = http2_request_finish(request);
	struct http2_stream *stream = stream_new(h, id, &request->parsed.path);

	if (!stream)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	nghttp2_session_set_stream_user_data(h->session, id, stream);
	if (good) {
		made = worker_respond(h->worker, h->conn, &request->parsed);
	} else {
		if (request->status == 431)
			http2_abuse(h, HTTP2_ABUSE_LARGE);
		response_error(response, request->status, &request->parsed, request->why);
	}
	accounting_begin(h->worker->accounting, &stream->exchange, &request->parsed,
			 ACCOUNTING_HTTP2);
	if (!made) {
		stream->wait.response.done = stream_waited;
		stream->wait.response.user = stream;
		if (worker_wait(h->worker, &stream->wait))
			return 0;
	}
	return stream_send(h, stream);
}
