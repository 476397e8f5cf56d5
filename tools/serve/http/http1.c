// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "tools/serve/http/http1.h"
#include "tools/http/request1.h"
#include "tools/http/status.h"
#include "tools/serve/telemetry/limits.h"
#include "tools/serve/site/file.h"
#include "tools/serve/site/mapping.h"
#include "tools/serve/site/prebuilt.h"
#include "tools/common/log.h"
#include "tools/serve/http/worker.h"

#define HTTP1_DRAIN_IDLE	5000	/* msecs of idleness while the engine drains */
#define HTTP1_QUOTE	256	/* room in a log line for what a client sent */
/* The body's first text is sent together with the head if it has no more bytes than this. */
#define HTTP1_TEXT	SITE_FILE_KEPT

/* Bytes of the body that were not sent, as far as is known. */
static uint64_t http1_unsent(const struct tlsring_conn *conn, const struct http1_exchange *x)
{
	uint64_t sent = tlsring_conn_sent(conn) - x->before;

	sent -= sent < x->head_len ? sent : x->head_len;
	return x->exchange.length > sent ? x->exchange.length - sent : 0;
}

static void http1_release(struct tlsring_conn *conn, struct http1_exchange *x)
{
	tlsring_conn_set_user(conn, x->worker->idle);
	worker_wait_cancel(&x->wait);
	accounting_end(x->worker->accounting, &x->exchange, conn, http1_unsent(conn, x));
	site_prebuilt_put(x->prebuilt);
	body_free(&x->body);
	free(x->messages);
	free(x);
}

int http1_idle_new(struct http1_exchange **out, struct worker *worker)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->worker = worker;
	return 0;
}

/* ---- writing the head ---- */

static char *head_put(char *at, const char *text, size_t len)
{
	memcpy(at, text, len);
	return at + len;
}

static const char *head_connection(const struct http1_head *head)
{
	if (!head->keep_alive)
		return "Connection: close\r\n";
	return head->http10 ? "Connection: keep-alive\r\n" : "";
}

static size_t head_size(const struct response *response, const struct http1_head *head)
{
	return strlen("HTTP/1.1 \r\n\r\n") + strlen(http_status_line(response->status)) +
	       response->line_bytes + strlen(head_connection(head));
}

static char *head_write(char *at, const struct response *response, const struct http1_head *head)
{
	const char *line = http_status_line(response->status), *connection = head_connection(head);

	at = head_put(at, "HTTP/1.1 ", 9);
	at = head_put(at, line, strlen(line));
	at = head_put(at, "\r\n", 2);
	at = head_put(at, response->lines, response->line_bytes);
	at = head_put(at, connection, strlen(connection));
	return head_put(at, "\r\n", 2);
}

/* ---- sending ---- */

static struct tlsring_message http1_message(const struct http1_exchange *x, const char *text,
					    size_t len, const struct body_piece *piece)
{
	return (struct tlsring_message){
		.head = text, .head_len = len, .file_fd = piece->length ? body_fd(&x->body) : -1,
		.offset = piece->offset, .length = piece->length, .more = x->body.left != 0,
		.mapping = piece->length >= SITE_MAPPING_MIN ? body_mapping(&x->body) : NULL,
	};
}

/* Can the next piece be sent together with others? One without bytes of the file ends the last
 * part, and waits until all parts are known to have been sent. */
static bool http1_joins(const struct http1_exchange *x)
{
	return x->body.now.length && body_available(&x->body) <= TLSRING_MANY_MAX;
}

/* Short parts of a file share records and system calls; otherwise many ranges of a few bytes would
 * cost the server much and the client nothing. */
static int http1_messages(struct tlsring_conn *conn, struct http1_exchange *x,
			  const struct tlsring_message *first)
{
	struct body_piece piece;

	x->sending = true;
	x->count = 0;
	if (!x->messages || !http1_joins(x) || first->head_len + first->length > TLSRING_MANY_MAX)
		return tlsring_send(conn, first);
	x->messages[x->count++] = *first;
	while (http1_joins(x) && body_take(&x->body, UINT64_MAX, &piece))
		x->messages[x->count++] = http1_message(x, piece.text, piece.text_len, &piece);
	return tlsring_send_many(conn, x->messages, x->count);
}

/* Is the body all of a file in memory, and so long that responses share one copy? */
static bool http1_shares(const struct body *body)
{
	const struct body_piece *now = &body->now;

	return body->file && now->text == body->file->bytes && now->text_len == body->file->size &&
	       now->text_len > SITE_PREBUILT_MIN && now->text_len <= HTTP1_TEXT;
}

/* Send the head, and in the same message what fits of the body. */
static int http1_start(struct tlsring_conn *conn, struct http1_exchange *x)
{
	const char *text = x->prebuilt ? x->prebuilt->bytes : x->bytes;
	size_t room = x->path_at - x->head_len;
	struct body_piece piece = { 0 };
	struct tlsring_message message;

	if ((x->prebuilt || x->body.now.text_len <= room) &&
	    body_take(&x->body, UINT64_MAX, &piece) && piece.text_len && !x->prebuilt)
		memcpy(x->bytes + x->head_len, piece.text, piece.text_len);
	message = http1_message(x, text, x->head_len + piece.text_len, &piece);
	return http1_messages(conn, x, &message);
}

static int http1_continue(struct tlsring_conn *conn, struct http1_exchange *x)
{
	struct body_piece piece;
	struct tlsring_message message;

	body_take(&x->body, UINT64_MAX, &piece);
	message = http1_message(x, piece.text, piece.text_len, &piece);
	return http1_messages(conn, x, &message);
}

/* Is a part missing, because the file became shorter than promised? */
static bool http1_lacks(const struct http1_exchange *x)
{
	for (unsigned i = 0; i < x->count; i++)
		if (x->messages[i].missing)
			return true;
	return false;
}

/* Send the worker's response; its body becomes the exchange's. */
static int http1_send(struct tlsring_conn *conn, struct worker *worker,
		      const struct http1_head *head, struct accounting_exchange *exchange)
{
	struct response *response = &worker->response;
	const struct http_text *path = &head->request.path;
	size_t size = head_size(response, head), text_len = response->body.now.text_len;
	bool shares = http1_shares(&response->body);
	struct http1_exchange *x;
	int ret;

	if (text_len > HTTP1_TEXT || shares)
		text_len = 0;
	response_log(response, path, conn);
	accounting_respond(exchange, response->status, response->body.left);
	x = malloc(sizeof(*x) + size + text_len + path->len);
	if (!x) {
		accounting_end(worker->accounting, exchange, conn, response->body.left);
		body_free(&response->body);
		return -ENOMEM;
	}
	*x = (struct http1_exchange){
		.worker = worker,
		.body = response->body,
		.exchange = *exchange,
		.close = !head->keep_alive,
		.before = tlsring_conn_sent(conn),
		.skip = head->body,
		.head_len = size,
		.path_at = size + text_len,
		.path_len = path->len,
	};
	/* All pieces and the head; without memory the pieces are sent one by one. */
	if (x->body.next_count)
		x->messages = calloc(x->body.next_count + 2, sizeof(*x->messages));
	response->body = (struct body){ 0 };
	head_write(x->bytes, response, head);
	if (shares)
		x->prebuilt = site_prebuilt_get(&x->body.file->prebuilt, x->bytes, size,
						x->body.file->bytes, x->body.file->size);
	if (path->len)
		memcpy(x->bytes + x->path_at, path->at, path->len);
	tlsring_conn_set_user(conn, x);
	ret = http1_start(conn, x);
	if (ret)
		http1_release(conn, x);
	return ret;
}

/* ---- waiting for a response ---- */

static void http1_waited(struct response_wait *wait)
{
	struct http1_exchange *x = wait->user;
	struct tlsring_conn *conn = x->conn;
	const struct http1_head head = {
		.request.path = { x->bytes, x->path_len },
		.body = x->skip,
		.http10 = x->http10,
		.keep_alive = !x->close,
	};
	int ret;

	worker_wait_end(&x->wait);
	tlsring_conn_set_user(conn, x->worker->idle);
	ret = http1_send(conn, x->worker, &head, &x->exchange);
	free(x);
	if (ret)
		tlsring_abort(conn, ret);
}

/* False: a response was made, if only an error. */
static bool http1_wait(struct tlsring_conn *conn, struct worker *worker,
		       const struct http1_head *head, struct accounting_exchange *exchange)
{
	const struct http_text *path = &head->request.path;
	struct http1_exchange *x = malloc(sizeof(*x) + path->len);

	if (!x) {
		response_error(&worker->response, 503, &head->request, strerror(ENOMEM));
		return false;
	}
	*x = (struct http1_exchange){
		.worker = worker,
		.conn = conn,
		.wait.response = { .done = http1_waited, .user = x },
		.exchange = *exchange,
		.close = !head->keep_alive,
		.http10 = head->http10,
		.skip = head->body,
		.path_len = path->len,
	};
	memcpy(x->bytes, path->at, path->len);
	if (!worker_wait(worker, &x->wait)) {
		free(x);
		return false;
	}
	tlsring_conn_set_user(conn, x);
	return true;
}

static bool http1_busy(const struct http1_exchange *x)
{
	return x->sending || x->wait.hosts;
}

/* ---- what happens to a connection ---- */

static ssize_t http1_begin(struct tlsring_conn *conn, struct worker *worker, const char *data,
			   size_t len)
{
	struct accounting_exchange exchange;
	struct http1_head head;
	const char *why;
	size_t limit = worker->accounting->settings->header_bytes;
	int ret, taken = http1_head_parse(data, len, limit, HTTP_SCHEME_HTTPS, &head, &why);
	bool made = true;

	if (!taken) {
		accounting_awaits(worker->accounting, conn, 0);
		return 0;
	}
	if (!accounting_request(worker->accounting, conn) || worker->draining)
		head.keep_alive = false;
	if (taken > 0) {
		made = worker_respond(worker, conn, &head.request);
	} else {
		head.keep_alive = false;
		response_error(&worker->response, -taken, &head.request, why);
	}
	accounting_begin(worker->accounting, &exchange, &head.request,
			 head.http10 ? ACCOUNTING_HTTP10 : ACCOUNTING_HTTP11);
	if (!made && http1_wait(conn, worker, &head, &exchange))
		return taken;
	ret = http1_send(conn, worker, &head, &exchange);
	if (ret)
		return ret;
	return taken > 0 ? taken : (ssize_t)len;
}

static ssize_t http1_skip(struct tlsring_conn *conn, struct http1_exchange *x, size_t len)
{
	size_t taken = len < x->skip ? len : x->skip;

	x->skip -= taken;
	if (!x->skip) {
		accounting_arrived(conn);
		http1_release(conn, x);
	}
	return (ssize_t)taken;
}

ssize_t http1_received(struct tlsring_conn *conn, const void *data, size_t len, void *user)
{
	struct http1_exchange *x = user;

	if (x == x->worker->idle)
		return http1_begin(conn, x->worker, data, len);
	if (http1_busy(x))
		return -EAGAIN;
	return http1_skip(conn, x, len);
}

/* A failed exchange stays until closed(), which knows the peer. */
void http1_sent(struct tlsring_conn *conn, int result, void *user)
{
	struct http1_exchange *x = user;

	x->sending = false;
	x->result = result;
	if (result)
		return;
	if (http1_lacks(x))
		x->result = -ENODATA;
	else if (x->body.left)
		x->result = http1_continue(conn, x);
	if (x->result)
		tlsring_abort(conn, x->result);
	if (x->sending || x->result)
		return;
	if (x->close) {
		http1_release(conn, x);
		tlsring_close(conn);
	} else if (!x->skip) {
		http1_release(conn, x);
	} else {
		accounting_awaits(x->worker->accounting, conn, x->skip);
	}
}

/* Complete the response that is being sent, then close. */
void http1_stopping(struct tlsring_conn *conn, void *user)
{
	struct http1_exchange *x = user;

	if (x != x->worker->idle && http1_busy(x))
		x->close = true;
	else
		tlsring_close(conn);
}

/* The next response is announced as the last; idle connections may be closed earlier. */
void http1_draining(struct tlsring_conn *conn, void *user)
{
	struct http1_exchange *x = user;

	x->worker->draining = true;
	tlsring_conn_set_idle(conn, HTTP1_DRAIN_IDLE);
}

static void http1_log_end(const struct tlsring_end *end, const struct http1_exchange *x, bool busy)
{
	char quote[HTTP1_QUOTE], text[160];
	const char *path = x->bytes + x->path_at;

	tlsring_strerror(end->result, text, sizeof(text));
	if (!end->opened)
		log_peer(&end->peer, "handshake failed: %s%s%s", text, *end->detail ? ": " : "",
			 end->detail);
	else if (busy && x->result == -ENODATA)
		log_peer(&end->peer, "connection cut: %s became shorter while it was sent",
			 log_quote(quote, sizeof(quote), path, x->path_len));
	else if (busy && x->path_len)
		log_peer(&end->peer, "connection failed while %s was sent: %s%s%s",
			 log_quote(quote, sizeof(quote), path, x->path_len), text,
			 *end->detail ? ": " : "", end->detail);
	else
		log_peer(&end->peer, "connection failed: %s%s%s", text, *end->detail ? ": " : "",
			 end->detail);
}

/* Between two requests a client may leave in any way, and many do without close_notify. */
static bool http1_ordinary_end(const struct tlsring_end *end, bool busy)
{
	if (!end->result)
		return true;
	return end->opened && !busy && (end->result == -EPIPE || end->result == -ECONNRESET ||
					end->result == -ETIMEDOUT || end->result == -ECANCELED);
}

void http1_closed(struct tlsring_conn *conn, const struct tlsring_end *end, void *user)
{
	struct http1_exchange *x = user;
	bool busy = x != x->worker->idle;

	if (!http1_ordinary_end(end, busy))
		http1_log_end(end, x, busy);
	accounting_closed(x->worker->accounting, conn, end);
	if (busy)
		http1_release(conn, x);
}
