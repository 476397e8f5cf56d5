// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>
#include "tools/serve/http2/conn.h"
#include "tools/common/log.h"
#include "tools/serve/http/worker.h"

#define STREAM_PATH	256	/* bytes of a path that are kept for the log */
#define STREAM_CRUMB	128	/* a shorter frame, when there is more to send, is a nuisance */

static struct http2_stream *stream_new(struct http2 *h, int32_t id, const struct http_text *path)
{
	size_t len = path->len < STREAM_PATH ? path->len : STREAM_PATH;
	struct http2_stream *stream = malloc(sizeof(*stream) + len);

	if (!stream)
		return NULL;
	*stream = (struct http2_stream){ .next = h->streams, .id = id, .path_len = len };
	if (len)
		memcpy(stream->path, path->at, len);
	if (h->streams)
		h->streams->prev = stream;
	h->streams = stream;
	return stream;
}

/* failed: its last frames have not left. */
static void stream_free(struct http2 *h, struct http2_stream *stream, bool failed)
{
	account_end(h->worker->account, &stream->account, h->conn, stream->content.left + failed);
	content_free(&stream->content);
	free(stream);
}

void http2_stream_closed(struct http2 *h, struct http2_stream *stream)
{
	if (stream->next)
		stream->next->prev = stream->prev;
	if (stream->prev)
		stream->prev->next = stream->next;
	else
		h->streams = stream->next;
	stream->next = h->gone;
	h->gone = stream;
}

static void stream_free_list(struct http2 *h, struct http2_stream **list, bool failed)
{
	while (*list) {
		struct http2_stream *stream = *list;

		*list = stream->next;
		stream_free(h, stream, failed);
	}
}

void http2_stream_purge(struct http2 *h)
{
	stream_free_list(h, &h->gone, false);
}

void http2_stream_free_all(struct http2 *h)
{
	stream_free_list(h, &h->gone, true);
	stream_free_list(h, &h->streams, true);
}

struct http2_stream *http2_stream_find(struct http2 *h, int32_t id)
{
	return nghttp2_session_get_stream_user_data(h->session, id);
}

/* ---- content ---- */

static ssize_t stream_read(nghttp2_session *session, int32_t id, uint8_t *buf, size_t length,
			   uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct http2_stream *stream = source->ptr;
	struct http2 *h = user;
	uint64_t ready = content_ready(&stream->content);

	(void)session, (void)id, (void)buf;
	h->padding = h->sealed && length == http2_out_fit(h->out) ?
		(uint32_t)http2_out_padding(h->out, &stream->content, length) : 0;
	length -= h->padding;
	if (length < STREAM_CRUMB && length < ready)
		http2_nuisance(h, HTTP2_CRUMB);
	if (ready < length)
		length = (size_t)ready;
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (length == stream->content.left)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)length;
}

void http2_stream_missing(struct http2 *h, int32_t id, size_t length)
{
	struct tlsring_info info = { .size = sizeof(info) };
	struct http2_stream *stream = http2_stream_find(h, id);
	char quote[STREAM_PATH];

	for (struct http2_stream *gone = h->gone; !stream && gone; gone = gone->next)
		if (gone->id == id)
			stream = gone;
	h->lost += (uint32_t)length;
	if (!stream || stream->cut)
		return;
	stream->cut = true;
	if (!tlsring_conn_info(h->conn, &info))
		log_peer(&info.peer, "stream cut: %s became shorter while it was sent",
			 log_quote(quote, sizeof(quote), stream->path, stream->path_len));
	nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_INTERNAL_ERROR);
}

/* ---- answers ---- */

static nghttp2_nv stream_field(const char *name, size_t name_len, const char *value, size_t value_len)
{
	return (nghttp2_nv){
		.name = (uint8_t *)name, .namelen = name_len, .value = (uint8_t *)value, .valuelen = value_len,
	};
}

static int stream_submit(struct http2 *h, struct http2_stream *stream)
{
	struct answer *answer = &h->worker->answer;
	nghttp2_data_provider provider = { .source.ptr = stream, .read_callback = stream_read };
	nghttp2_nv fields[ANSWER_FIELDS + 1];
	char status[3] = {
		(char)('0' + answer->status / 100), (char)('0' + answer->status / 10 % 10),
		(char)('0' + answer->status % 10),
	};
	size_t count = 1;

	fields[0] = stream_field(":status", 7, status, sizeof(status));
	for (unsigned i = 0; i < answer->field_count; i++)
		fields[count++] = stream_field(answer->fields[i].name, answer->fields[i].name_len,
					       answer->fields[i].value, answer->fields[i].value_len);
	return nghttp2_submit_response(h->session, stream->id, fields, count,
				       stream->content.left ? &provider : NULL);
}

int http2_stream_answer(struct http2 *h, int32_t id)
{
	struct http2_head *head = h->head;
	struct answer *answer = &h->worker->answer;
	bool good = http2_head_finish(head);
	struct http2_stream *stream = stream_new(h, id, &head->request.path);

	if (!stream)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	nghttp2_session_set_stream_user_data(h->session, id, stream);
	if (good) {
		worker_answer(h->worker, h->conn, &head->request);
	} else {
		if (head->status == 431)
			http2_nuisance(h, HTTP2_LARGE);
		answer_error(answer, head->status, &head->request, head->why);
	}
	answer_log(answer, &head->request, h->conn);
	account_begin(h->worker->account, &stream->account, &head->request, answer, ACCOUNT_HTTP2);
	stream->content = answer->content;
	answer->content = (struct content){ 0 };
	return stream_submit(h, stream) ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
}
