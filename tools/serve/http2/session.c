// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include "tools/common/clock.h"
#include "tools/common/log.h"
#include "tools/serve/http/worker.h"
#include "tools/serve/http2/callbacks.h"
#include "tools/serve/http2/conn.h"
#include "tools/serve/http2/session.h"
#include "tools/serve/http2/stream.h"
#include "tools/serve/telemetry/limits.h"
#include "tools/serve/telemetry/accounting.h"

/* The next batch doubles when the last one was sent in half of SESSION_BATCH_TIME, or, once batches
 * are large, in SESSION_LARGE_TIME; it halves when the last one took longer than
 * SESSION_BATCH_TIME. */
#define SESSION_BATCH_TIME	100			/* msecs */
#define SESSION_LARGE_TIME	20			/* msecs */
#define SESSION_LARGE_BATCH	(64 * HTTP2_RECORD)	/* bytes */
#define SESSION_PATIENCE	60	/* seconds without a request, or a byte taken */

static void session_tick(struct http2 *h)
{
	uint64_t msecs = clock_ns(CLOCK_MONOTONIC_COARSE) / 1000000;

	h->second = (uint32_t)(msecs / 1000);
	h->now = (uint32_t)msecs;
}

/* End a connection whose client neither requests anything nor takes what it requested. */
static void session_check_idle(struct http2 *h)
{
	/* The engine itself times out a batch. */
	if (h->batch || h->second - h->useful <= SESSION_PATIENCE)
		return;
	if (!LIST_EMPTY(&h->open))
		http2_end(h, NGHTTP2_ENHANCE_YOUR_CALM, "nothing was taken for a minute");
	else
		http2_end(h, NGHTTP2_NO_ERROR, NULL);
}

/* ---- sending ---- */

static int session_gather(struct http2 *h)
{
	int32_t window = nghttp2_session_get_remote_window_size(h->session);
	struct http2_output *out = h->output;
	ssize_t len = 1;

	if (window > h->widest)
		h->widest = window;
	http2_output_start(out, h->batch_limit);
	while (len > 0 && http2_output_room(out) && nghttp2_session_want_write(h->session)) {
		const uint8_t *frames;

		len = nghttp2_session_mem_send(h->session, &frames);
		if (len > 0)
			http2_output_frames(out, frames, (size_t)len);
	}
	return len < 0 ? -ENOMEM : 0;
}

/* Send what nghttp2 has to send, unless a batch is being sent; close after the last frame. */
static void session_flush(struct http2 *h)
{
	int ret;

	if (h->batch)
		return;
	ret = session_gather(h);
	if (!ret && !h->output->count) {
		http2_stream_purge(h);
		if (!nghttp2_session_want_read(h->session) &&
		    !nghttp2_session_want_write(h->session))
			tlsring_close(h->conn);
		return;
	}
	if (!ret) {
		h->began = h->now;
		h->full = h->output->total >= h->batch_limit;
		h->batch = http2_output_batch(h->output);
		ret = h->batch ? tlsring_send_many(h->conn, h->batch->messages, h->batch->count)
			       : -ENOMEM;
	}
	/* -EPIPE: the engine is closing the connection already. */
	if (ret && ret != -EPIPE)
		tlsring_abort(h->conn, ret);
}

static void session_wake(struct http2 *h)
{
	session_tick(h);
	session_flush(h);
}

/* Large batches cost less, but urgent frames wait behind them, and cancelled streams are sent. */
static void session_pace(struct http2 *h)
{
	uint32_t took = h->now - h->began;
	uint32_t quick = h->batch_limit < SESSION_LARGE_BATCH ? SESSION_BATCH_TIME / 2
							      : SESSION_LARGE_TIME;

	if (took <= quick && h->full && h->batch_limit < HTTP2_BATCH_MAX)
		h->batch_limit *= 2;
	else if (took > SESSION_BATCH_TIME && h->batch_limit > HTTP2_BATCH_MIN)
		h->batch_limit /= 2;
}

static void session_sent(struct tlsring_conn *conn, int result, void *user)
{
	struct http2 *h = user;
	struct http2_batch *batch = h->batch;

	(void)conn;
	h->batch = NULL;
	session_tick(h);
	session_pace(h);
	for (unsigned i = 0; !result && i < batch->count; i++)
		if (batch->messages[i].missing)
			http2_stream_missing(h, batch->streams[i], batch->messages[i].length);
	free(batch);
	if (result)
		return;
	http2_stream_purge(h);
	/* nghttp2 believes that these bytes were sent: this part of the window never comes back. */
	if (h->lost > (uint32_t)h->widest / 2)
		http2_leave(h);
	session_flush(h);
}

/* ---- receiving ---- */

static ssize_t session_received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct http2 *h = user;
	ssize_t ret;

	(void)conn;
	session_tick(h);
	/* A flood costs no more decryption while its sender takes nothing. */
	if (h->state == HTTP2_ENDED && h->batch)
		return -EAGAIN;
	ret = nghttp2_session_mem_recv(h->session, data, len);
	if (ret == NGHTTP2_ERR_FLOODED || ret == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS)
		http2_end(h, NGHTTP2_ENHANCE_YOUR_CALM, nghttp2_strerror((int)ret));
	else if (ret < 0)
		http2_end(h, NGHTTP2_PROTOCOL_ERROR, nghttp2_strerror((int)ret));
	if (h->request)
		accounting_awaits(h->worker->accounting, h->conn, 0);
	else
		accounting_arrived(h->conn);
	session_check_idle(h);
	session_flush(h);
	return (ssize_t)len;
}

/* ---- life ---- */

static void session_free(struct http2 *h)
{
	nghttp2_session_del(h->session);
	http2_stream_free_all(h);
	free(h->batch);
	free(h->request);
	free(h);
}

/* Between two requests a client may leave in any way, and many do without close_notify. */
static bool session_ordinary_end(int result)
{
	return result == -EPIPE || result == -ECONNRESET || result == -ETIMEDOUT ||
	       result == -ECANCELED;
}

static void session_closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	struct http2 *h = user;
	struct accounting *accounting = h->worker->accounting;
	bool busy = !LIST_EMPTY(&h->open);
	char text[160];

	if (end->result && (busy || !session_ordinary_end(end->result)))
		log_peer(&end->peer, "HTTP/2 connection failed%s: %s%s%s",
			 busy ? " inside a response" : "",
			 tlsring_strerror(end->result, text, sizeof(text)),
			 *end->detail ? ": " : "", end->detail);
	/* Streams first: the limits count their files for an address that has a connection. */
	session_free(h);
	accounting_closed(accounting, conn, end);
}

static void session_update_path(struct http2 *h)
{
	struct tlsring_info info = { .size = sizeof(info) };

	h->sealed = !tlsring_conn_info(h->conn, &info) && info.tx.path == TLSRING_PATH_KERNEL;
}

static void session_handed(struct tlsring_conn *conn, void *user)
{
	struct http2 *h = user;

	accounting_handed(h->worker->accounting, conn);
	session_update_path(h);
}

static void session_stopping(struct tlsring_conn *conn, void *user)
{
	(void)conn;
	http2_leave(user);
	session_flush(user);
}

static const struct tlsring_handlers session_handlers = {
	.size = sizeof(session_handlers),
	.handed = session_handed,
	.received = session_received,
	.sent = session_sent,
	.closed = session_closed,
	.stopping = session_stopping,
};

static int session_start(struct http2 *h, const struct http2_worker *worker)
{
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, HTTP2_STREAMS },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
		  h->worker->accounting->settings->header_bytes },
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
	h->output = &worker->http2->output;
	h->conn = conn;
	h->flush = session_wake;
	session_update_path(h);
	h->batch_limit = HTTP2_BATCH_MIN;
	session_tick(h);
	h->useful = h->second;
	http2_flood_init(&h->flood, h->second);
	if (session_start(h, worker->http2)) {
		free(h);
		return -ENOMEM;
	}
	tlsring_conn_set_user(conn, h);
	tlsring_conn_set_handlers(conn, &session_handlers);
	session_flush(h);
	return 0;
}

int http2_worker_new(struct http2_worker **out)
{
	struct http2_worker *worker = calloc(1, sizeof(*worker));

	if (!worker)
		return -ENOMEM;
	worker->callbacks = http2_callbacks_new();
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
