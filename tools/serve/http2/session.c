// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include "tools/serve/http2/conn.h"
#include "tools/serve/limits.h"
#include "tools/common/log.h"
#include "tools/serve/http/worker.h"

#define HTTP2_QUICK	100	/* msecs that a batch may take on its way */
#define HTTP2_AT_ONCE	20	/* and if it took no more than that, the next may have more than */
#define HTTP2_LARGE	(64 * HTTP2_RECORD)
#define HTTP2_PATIENCE	60	/* seconds in which a connection must ask for, or take, something */

static void http2_tick(struct http2 *h)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	h->second = (uint32_t)now.tv_sec;
	h->now = (uint32_t)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

/* ---- ends ---- */

/* The GOAWAY still leaves; what the peer sends is passed over. */
static void http2_end(struct http2 *h, uint32_t error, const char *why)
{
	struct tlsring_info info = { .size = sizeof(info) };

	if (h->ended)
		return;
	h->ended = true;
	if (error == NGHTTP2_ENHANCE_YOUR_CALM)
		account_calmed(h->worker->account);
	if (why && !tlsring_conn_info(h->conn, &info))
		log_peer(&info.peer, "HTTP/2 connection ended: %s", why);
	nghttp2_session_terminate_session(h->session, error);
}

void http2_nuisance(struct http2 *h, enum http2_nuisance kind)
{
	if (!http2_calm_take(&h->calm, kind, h->second))
		http2_end(h, NGHTTP2_ENHANCE_YOUR_CALM, http2_calm_text(kind));
}

void http2_leave(struct http2 *h)
{
	if (h->leaving || h->ended)
		return;
	h->leaving = true;
	nghttp2_submit_shutdown_notice(h->session);
	nghttp2_submit_ping(h->session, NGHTTP2_FLAG_NONE, NULL);
}

/* It may have bytes to send, but neither asks for anything nor takes what it asked for. */
static void http2_look(struct http2 *h)
{
	/* The engine itself looks after what is on its way. */
	if (h->batch || h->second - h->useful <= HTTP2_PATIENCE)
		return;
	if (h->streams)
		http2_end(h, NGHTTP2_ENHANCE_YOUR_CALM, "nothing was taken for a minute");
	else
		http2_end(h, NGHTTP2_NO_ERROR, NULL);
}

/* ---- sending ---- */

static int http2_gather(struct http2 *h)
{
	int32_t window = nghttp2_session_get_remote_window_size(h->session);
	struct http2_out *out = h->out;
	ssize_t len = 1;

	if (window > h->widest)
		h->widest = window;
	http2_out_start(out, h->most);
	while (len > 0 && http2_out_room(out) && nghttp2_session_want_write(h->session)) {
		const uint8_t *frames;

		len = nghttp2_session_mem_send(h->session, &frames);
		if (len > 0)
			http2_out_frames(out, frames, (size_t)len);
	}
	return len < 0 ? -ENOMEM : 0;
}

/* Send what there is to send, if nothing is on its way; close when all is said. */
static void http2_flush(struct http2 *h)
{
	int ret;

	if (h->batch)
		return;
	ret = http2_gather(h);
	if (!ret && !h->out->count) {
		http2_stream_purge(h);
		if (!nghttp2_session_want_read(h->session) && !nghttp2_session_want_write(h->session))
			tlsring_close(h->conn);
		return;
	}
	if (!ret) {
		h->began = h->now;
		h->full = h->out->total >= h->most;
		h->batch = http2_out_batch(h->out);
		ret = h->batch ? tlsring_send_many(h->conn, h->batch->messages, h->batch->count) : -ENOMEM;
	}
	/* -EPIPE: it ends already, in its own order. */
	if (ret && ret != -EPIPE)
		tlsring_abort(h->conn, ret);
}

/* Large batches cost less, but what is more urgent waits for them, and what is cancelled goes out. */
static void http2_pace(struct http2 *h)
{
	uint32_t took = h->now - h->began, most = h->most < HTTP2_LARGE ? HTTP2_QUICK / 2 : HTTP2_AT_ONCE;

	if (took <= most && h->full && h->most < HTTP2_OUT_MOST)
		h->most *= 2;
	else if (took > HTTP2_QUICK && h->most > HTTP2_OUT_LEAST)
		h->most /= 2;
}

static void http2_sent(struct tlsring_conn *conn, int result, void *user)
{
	struct http2 *h = user;
	struct http2_batch *batch = h->batch;

	(void)conn;
	h->batch = NULL;
	http2_tick(h);
	http2_pace(h);
	for (unsigned i = 0; !result && i < batch->count; i++)
		if (batch->messages[i].missing)
			http2_stream_missing(h, batch->streams[i], batch->messages[i].length);
	free(batch);
	if (result)
		return;
	http2_stream_purge(h);
	/* nghttp2 believes that they were sent, so that part of the window will not come back. */
	if (h->lost > (uint32_t)h->widest / 2)
		http2_leave(h);
	http2_flush(h);
}

/* ---- receiving ---- */

static ssize_t http2_received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct http2 *h = user;
	ssize_t ret;

	(void)conn;
	http2_tick(h);
	ret = nghttp2_session_mem_recv(h->session, data, len);
	if (ret == NGHTTP2_ERR_FLOODED || ret == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS)
		http2_end(h, NGHTTP2_ENHANCE_YOUR_CALM, nghttp2_strerror((int)ret));
	else if (ret < 0)
		http2_end(h, NGHTTP2_PROTOCOL_ERROR, nghttp2_strerror((int)ret));
	if (h->head)
		account_awaits(h->worker->account, h->conn, 0);
	else
		account_arrived(h->conn);
	http2_look(h);
	http2_flush(h);
	return (ssize_t)len;
}

/* ---- life ---- */

static void http2_free(struct http2 *h)
{
	nghttp2_session_del(h->session);
	http2_stream_free_all(h);
	free(h->batch);
	free(h->head);
	free(h);
}

static void http2_closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	struct http2 *h = user;
	char text[160];

	account_closed(h->worker->account, conn, end);
	/* Between two requests a client may leave as it likes, and many do without a word. */
	if (end->result && (h->streams || (end->result != -EPIPE && end->result != -ECONNRESET &&
					   end->result != -ETIMEDOUT && end->result != -ECANCELED)))
		log_peer(&end->peer, "HTTP/2 connection failed%s: %s%s%s", h->streams ? " inside an answer" : "",
			 tlsring_strerror(end->result, text, sizeof(text)), *end->detail ? ": " : "",
			 end->detail);
	http2_free(h);
}

static void http2_look_where(struct http2 *h)
{
	struct tlsring_info info = { .size = sizeof(info) };

	h->sealed = !tlsring_conn_info(h->conn, &info) && info.tx.path == TLSRING_PATH_KERNEL;
}

static void http2_handed(struct tlsring_conn *conn, void *user)
{
	struct http2 *h = user;

	account_handed(h->worker->account, conn);
	http2_look_where(h);
}

static void http2_stopping(struct tlsring_conn *conn, void *user)
{
	(void)conn;
	http2_leave(user);
	http2_flush(user);
}

static const struct tlsring_handlers http2_handlers = {
	.size = sizeof(http2_handlers),
	.handed = http2_handed,
	.received = http2_received,
	.sent = http2_sent,
	.closed = http2_closed,
	.stopping = http2_stopping,
};

static int http2_start(struct http2 *h, const struct http2_worker *worker)
{
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, HTTP2_STREAMS },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, h->worker->account->settings->header_bytes },
		{ NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 },
	};

	if (nghttp2_session_server_new2(&h->session, worker->callbacks, h, worker->option))
		return -ENOMEM;
	if (nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings,
				    sizeof(settings) / sizeof(settings[0]))) {
		nghttp2_session_del(h->session);
		return -ENOMEM;
	}
	return 0;
}

int http2_open(struct tlsring_conn *conn, struct worker *worker)
{
	struct http2 *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->worker = worker;
	h->out = &worker->http2->out;
	h->conn = conn;
	http2_look_where(h);
	h->most = HTTP2_OUT_LEAST;
	http2_tick(h);
	h->useful = h->second;
	http2_calm_init(&h->calm, h->second);
	if (http2_start(h, worker->http2)) {
		free(h);
		return -ENOMEM;
	}
	tlsring_conn_set_user(conn, h);
	tlsring_conn_set_handlers(conn, &http2_handlers);
	http2_flush(h);
	return 0;
}

int http2_worker_new(struct http2_worker **out)
{
	struct http2_worker *worker = calloc(1, sizeof(*worker));

	if (!worker)
		return -ENOMEM;
	worker->callbacks = http2_events_new();
	if (!worker->callbacks || nghttp2_option_new(&worker->option)) {
		http2_worker_free(worker);
		return -ENOMEM;
	}
	nghttp2_option_set_builtin_recv_extension_type(worker->option, NGHTTP2_PRIORITY_UPDATE);
	nghttp2_option_set_no_closed_streams(worker->option, 1);
	*out = worker;
	return 0;
}

void http2_worker_free(struct http2_worker *worker)
{
	if (!worker)
		return;
	nghttp2_session_callbacks_del(worker->callbacks);
	nghttp2_option_del(worker->option);
	free(worker);
}
