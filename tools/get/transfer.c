// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/get/hints.h"
#include "tools/get/transfer.h"
#include "tools/common/address.h"
#include "tools/common/log.h"
#include "tools/http/date.h"

#define TRANSFER_HOPS	10	/* redirections that are followed */
#define TRANSFER_PASS	262144	/* bytes of a body that are cheaper than a new connection */
#define TRANSFER_GRACE	1000	/* msecs for the last connection to close */
#define TRANSFER_INTERIM	32	/* 1xx answers to one request */
#define TRANSFER_DOUBLINGS	6	/* of the second before the first retry: 64 s at most */
#define TRANSFER_PATIENCE	3600	/* seconds that a server may ask for before a retry */

static void transfer_ask(struct transfer *t);
static void transfer_next(struct transfer *t);

__attribute__((format(printf, 2, 3)))
static void transfer_say(struct transfer *t, const char *format, ...)
{
	char text[900];
	va_list args;

	progress_hide(&t->progress);
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_line("%s", text);
}

static void transfer_disconnect(struct transfer *t)
{
	if (t->connection)
		connection_close(t->connection);
	t->connection = NULL;
}

/* ---- the end of a URL ---- */

static void transfer_end(struct transfer *t)
{
	progress_hide(&t->progress);
	file_close(&t->file);
	t->stage = TRANSFER_IDLE;
	t->index++;
	transfer_next(t);
}

/* Could another attempt succeed? */
static bool transfer_may_pass(const struct transfer *t, enum get_status status)
{
	const struct file *file = &t->file;

	/* What a stream has got can only be continued. */
	if (file->stream && file->size && !*file->validator)
		return false;
	if (status == GET_NETWORK)
		return true;
	return status == GET_HTTP && response_may_pass(t->response.status);
}

/* Wait for the next attempt: 1, 2, 4 ... seconds, or as long as the server asks for. */
static bool transfer_retry(struct transfer *t, enum get_status status)
{
	unsigned seconds =
		1u << (t->attempts < TRANSFER_DOUBLINGS ? t->attempts : TRANSFER_DOUBLINGS);

	if (t->attempts >= t->options->retry || t->index >= t->options->count ||
	    !transfer_may_pass(t, status))
		return false;
	if (status == GET_HTTP && t->response.retry_after > TRANSFER_PATIENCE)
		return false;
	if (status == GET_HTTP && t->response.retry_after > seconds)
		seconds = t->response.retry_after;
	t->attempts++;
	t->wait = seconds * TRANSFER_TICKS;
	t->stage = TRANSFER_WAIT;
	t->retried = false;
	if (!t->options->quiet)
		transfer_say(t, "%s: trying again in %u s (%u of %u)", t->url.text, seconds,
			     t->attempts, t->options->retry);
	return true;
}

/* End the current URL or wait for another attempt; the caller has printed why. */
static void transfer_fail(struct transfer *t, enum get_status status)
{
	const struct file *file = &t->file;

	progress_end(&t->progress, false);
	if (t->stage != TRANSFER_IDLE)
		transfer_disconnect(t);
	if (transfer_retry(t, status))
		return;
	if (!file->stream && file->fd >= 0 && file->size)
		log_line("%s is kept%s", file->part,
			 *file->validator ? "; --continue goes on from there" :
					    ", but --continue cannot use it: the server sent no "
					    "strong ETag or Last-Modified");
	if (!t->status)
		t->status = status;
	transfer_end(t);
}

/* The file's time of modification, as the server sent it; -1: it did not. */
static time_t transfer_modified(const struct transfer *t)
{
	return http_date_parse(t->response.modified, strlen(t->response.modified));
}

static void transfer_finish(struct transfer *t)
{
	int ret;

	if (t->total != PROGRESS_UNKNOWN && t->file.size != t->total) {
		transfer_say(t, "%s: %llu bytes were received, but the file has %llu", t->url.text,
			     (unsigned long long)t->file.size, (unsigned long long)t->total);
		transfer_fail(t, GET_NETWORK);
		return;
	}
	progress_update(&t->progress, t->file.size);
	progress_hide(&t->progress);
	ret = file_finish(&t->file, transfer_modified(t));
	progress_end(&t->progress, !ret);
	if (ret && !t->status)
		t->status = t->file.differs ? GET_FAILED : GET_FILE;
	transfer_end(t);
}

/* ---- the answer ---- */

static void transfer_body_end(struct transfer *t)
{
	t->stage = TRANSFER_IDLE;
	if (t->connection) {
		t->connection->answers++;
		if (!t->response.keep)
			transfer_disconnect(t);
	}
	switch (t->then) {
	case TRANSFER_THEN_FINISH:
		transfer_finish(t);
		break;
	case TRANSFER_THEN_AGAIN:
		transfer_ask(t);
		break;
	default:
		transfer_fail(t, t->failure);
	}
}

/* Skip a body that is not the file, or close the connection where that is cheaper. */
static void transfer_skip(struct transfer *t, enum transfer_then then)
{
	t->then = then;
	t->wanted = false;
	t->passed = 0;
	if (t->body.chunked || (t->body.sized && t->body.left <= TRANSFER_PASS))
		return;
	t->response.keep = false;
	t->body.done = true;
}

/* Skip the body; then the URL fails. */
static void transfer_refuse(struct transfer *t, enum get_status failure)
{
	t->failure = failure;
	transfer_skip(t, TRANSFER_THEN_FAIL);
}

static void transfer_redirect(struct transfer *t)
{
	const char *why = "";
	struct url url;
	char quoted[160];
	int ret;

	if (++t->hops > TRANSFER_HOPS) {
		transfer_say(t, "%s: more than %d redirections: they seem to go in circles",
			     t->url.text, TRANSFER_HOPS);
		transfer_refuse(t, GET_HTTP);
		return;
	}
	ret = url_resolve(&url, &t->url, t->response.location, &why);
	if (ret) {
		transfer_say(t, "%s: redirected to %s, which is not followed: %s", t->url.text,
			     log_quote(quoted, sizeof(quoted), t->response.location,
				       strlen(t->response.location)),
			     ret == -ENOMEM ? strerror(ENOMEM) : why);
		transfer_refuse(t, GET_HTTP);
		return;
	}
	url_free(&t->url);
	t->url = url;
	if (t->options->verbose)
		transfer_say(t, "redirected to %s", t->url.text);
	transfer_skip(t, TRANSFER_THEN_AGAIN);
}

static void transfer_http_error(struct transfer *t)
{
	transfer_say(t, "%s: the server answered %d %s%s", t->url.text, t->response.status,
		     t->response.phrase, hints_status(t->response.status));
	transfer_refuse(t, GET_HTTP);
}

static void transfer_accept(struct transfer *t, uint64_t offset)
{
	const struct response *r = &t->response;

	t->wanted = true;
	t->then = TRANSFER_THEN_FINISH;
	t->anew = false;
	t->total = offset ? r->total : r->sized ? r->length : PROGRESS_UNKNOWN;
	if (r->encoded)
		transfer_say(t,
			     "%s: warning: the server compressed it though it was not asked to; "
			     "kept as it came",
			     t->url.text);
	if (file_begin(&t->file, offset, response_validator(r)))
		transfer_refuse(t, GET_FILE);
	else
		progress_start(&t->progress, t->file.path ? t->file.path : t->url.text, offset,
			       t->total);
}

/* The answer to the range request cannot be used: request the whole file. */
static void transfer_anew(struct transfer *t)
{
	transfer_say(t, "%s: the server does not continue %s; fetched anew", t->url.text,
		     t->file.part ? t->file.part : "the output");
	t->anew = true;
	transfer_skip(t, TRANSFER_THEN_AGAIN);
}

static bool transfer_continues(const struct transfer *t)
{
	return *t->file.validator && t->file.size && !t->anew;
}

/* Does a 206 go on where the part ends, is it of the same version, and is its size known? */
static bool transfer_fits(const struct transfer *t)
{
	const struct response *r = &t->response;

	return r->ranged && r->first == t->file.size && r->total != UINT64_MAX &&
	       (!r->sized || r->length == r->last - r->first + 1) &&
	       response_matches(r, t->file.validator);
}

static void transfer_answer(struct transfer *t)
{
	const struct response *r = &t->response;

	if (r->status == 200) {
		if (transfer_continues(t))
			transfer_say(t,
				     "%s: the file has changed, or the server does not continue; "
				     "fetched anew",
				     t->url.text);
		transfer_accept(t, 0);
	} else if (r->status == 206 && transfer_continues(t)) {
		if (transfer_fits(t))
			transfer_accept(t, t->file.size);
		else
			transfer_anew(t);
	} else if (r->status == 416 && transfer_continues(t)) {
		/* If-Range matched: the part is complete already. */
		t->total = t->file.size;
		if (r->ranged && r->total == t->file.size)
			transfer_skip(t, TRANSFER_THEN_FINISH);
		else
			transfer_anew(t);
	} else if ((r->status <= 303 || r->status == 307 || r->status == 308) && r->status >= 301 &&
		   *r->location) {
		transfer_redirect(t);
	} else {
		transfer_http_error(t);
	}
}

static ssize_t transfer_head(struct transfer *t, const char *data, size_t len)
{
	const char *why = "";
	ssize_t used = response_parse(&t->response, data, len, &why);

	if (!used)
		return 0;
	if (used < 0 || t->response.status == 101) {
		transfer_say(t, "%s: the server's answer is not valid: %s", t->url.text,
			  used < 0 ? why : "it switches to another protocol");
		transfer_fail(t, GET_PROTOCOL);
		return (ssize_t)len;
	}
	if (t->response.status < 200 && ++t->interim > TRANSFER_INTERIM) {
		transfer_say(t, "%s: the server sends nothing but provisional answers",
			     t->url.text);
		transfer_fail(t, GET_PROTOCOL);
		return (ssize_t)len;
	}
	if (t->response.status < 200)
		return used;
	t->stage = TRANSFER_BODY;
	response_body_start(&t->body, &t->response);
	transfer_answer(t);
	if (t->body.done) {
		t->response.keep &= (size_t)used == len;
		transfer_body_end(t);
	}
	return used;
}

/* ---- the body ---- */

static void transfer_writable(int fd, int events, void *user)
{
	struct transfer *t = user;
	int ret;

	(void)fd, (void)events;
	t->waiting = false;
	if (t->stage == TRANSFER_IDLE)
		return;
	ret = file_flush(&t->file);
	if (ret == -EAGAIN) {
		t->waiting =
			!tlsring_engine_poll(t->engine, t->file.fd, POLLOUT, transfer_writable, t);
		if (t->waiting)
			return;
	}
	if (ret)
		transfer_fail(t, GET_FILE);
	else if (t->stage == TRANSFER_FLUSH)
		transfer_body_end(t);
	else if (t->connection && t->connection->conn)
		tlsring_conn_resume(t->connection->conn);
}

/* Write to the file. 0, or -1 after the URL failed. */
static int transfer_keep(struct transfer *t, const char *data, size_t len)
{
	int ret = file_write(&t->file, data, len);

	if (ret == -EAGAIN) {
		ret = tlsring_engine_poll(t->engine, t->file.fd, POLLOUT, transfer_writable, t);
		t->waiting = !ret;
	}
	if (ret)
		transfer_fail(t, GET_FILE);
	return ret;
}

static ssize_t transfer_body(struct transfer *t, const char *data, size_t len)
{
	size_t surplus, taken = len < sizeof(t->piece) ? len : sizeof(t->piece);
	ssize_t content;

	memcpy(t->piece, data, taken);
	content = response_body_take(&t->body, t->piece, taken, &surplus);
	if (content < 0) {
		transfer_say(t, "%s: the server's chunked encoding is not valid%s", t->url.text,
			     content == -EMSGSIZE ? ": it has too much that is not content" : "");
		transfer_fail(t, GET_PROTOCOL);
		return (ssize_t)len;
	}
	if (surplus || taken < len)
		t->response.keep &= !t->body.done;
	if (t->wanted && content && transfer_keep(t, t->piece, (size_t)content))
		return (ssize_t)len;
	if (!t->wanted) {
		t->passed += (uint64_t)content;
		if (t->passed > TRANSFER_PASS) {
			t->response.keep = false;
			t->body.done = true;
		}
	}
	if (t->body.done && t->waiting)
		t->stage = TRANSFER_FLUSH;
	else if (t->body.done)
		transfer_body_end(t);
	return (ssize_t)taken;
}

static ssize_t transfer_received(const void *data, size_t len, void *user)
{
	struct transfer *t = user;

	t->silent = 0;
	if (t->waiting)
		return -EAGAIN;
	switch (t->stage) {
	case TRANSFER_HEAD:
		return transfer_head(t, data, len);
	case TRANSFER_BODY:
		return transfer_body(t, data, len);
	default:
		/* Data that nobody requested: do not reuse the connection. */
		transfer_disconnect(t);
		return (ssize_t)len;
	}
}

/* ---- the connection ---- */

static void transfer_cut(struct transfer *t, const struct tlsring_end *end)
{
	char text[160];

	if (!t->wanted) {
		t->response.keep = false;
		transfer_body_end(t);
		return;
	}
	if (!end->result)
		snprintf(text, sizeof(text), "the server closed the connection");
	else if (end->result == -EKEYEXPIRED)
		snprintf(text, sizeof(text),
			 "the server changed its key, which this kernel does not support; use "
			 "--offload off");
	else
		tlsring_strerror(end->result, text, sizeof(text));
	if (t->total != PROGRESS_UNKNOWN)
		transfer_say(t, "%s: cut short after %llu of %llu bytes: %s", t->url.text,
			  (unsigned long long)t->file.size, (unsigned long long)t->total, text);
	else
		transfer_say(t, "%s: cut short after %llu bytes: %s", t->url.text,
			  (unsigned long long)t->file.size, text);
	transfer_fail(t, GET_NETWORK);
}

/* The status of a connection that ended before an answer came. */
static enum get_status transfer_end_status(const struct tlsring_end *end)
{
	/* --offload require was given, and the kernel did not take the keys. */
	if (end->result == -EOPNOTSUPP)
		return GET_FAILED;
	return connection_end_is_errno(end->result) ? GET_NETWORK : GET_TLS;
}

static void transfer_closed(const struct connection *c, const struct tlsring_end *end, void *user)
{
	struct transfer *t = user;
	bool stale = t->stage == TRANSFER_HEAD && c->answers && !t->retried &&
		     connection_end_is_errno(end->result);
	char text[600];

	t->connection = NULL;
	if (stale) {
		/* The server closed an idle connection while the request was on its way. */
		t->retried = true;
		transfer_ask(t);
	} else if (t->stage == TRANSFER_CONNECT || t->stage == TRANSFER_HEAD) {
		transfer_say(t, "%s", hints_end(text, sizeof(text), &t->url, end));
		transfer_fail(t, transfer_end_status(end));
	} else if (t->stage == TRANSFER_BODY && !t->body.sized && !t->body.chunked &&
		   !end->result) {
		t->body.done = true;
		if (t->waiting)
			t->stage = TRANSFER_FLUSH;
		else
			transfer_body_end(t);
	} else if (t->stage == TRANSFER_BODY) {
		transfer_cut(t, end);
	}
}

static char *transfer_request(const struct transfer *t)
{
	char range[400] = "", *request;

	if (transfer_continues(t))
		snprintf(range, sizeof(range), "Range: bytes=%llu-\r\nIf-Range: %s\r\n",
			 (unsigned long long)t->file.size, t->file.validator);
	if (asprintf(&request,
		     "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: tlsring/" TLSRING_VERSION "\r\n"
		     "Accept: */*\r\nAccept-Encoding: identity\r\n%s\r\n",
		     t->url.target, t->url.authority, range) < 0)
		return NULL;
	return request;
}

static void transfer_send(struct transfer *t)
{
	char *request = transfer_request(t);
	int ret = request ? connection_send(t->connection, request) : -ENOMEM;

	t->stage = TRANSFER_HEAD;
	t->silent = t->interim = 0;
	/* -EPIPE: the connection is ending, and transfer_closed() reports it. */
	if (!ret || ret == -EPIPE)
		return;
	transfer_say(t, "%s: %s", t->url.text, strerror(-ret));
	transfer_fail(t, ret == -ENOMEM ? GET_FAILED : GET_NETWORK);
}

static void transfer_direction(struct transfer *t, const char *name,
			       const struct tlsring_direction *direction)
{
	const char *remedy = tlsring_reason_remedy(direction->reason);

	if (direction->path == TLSRING_PATH_USER)
		transfer_say(t, "%s: user space: %s%s%s", name,
			     tlsring_reason_text(direction->reason), *remedy ? "; " : "", remedy);
	else
		transfer_say(t, "%s: %s", name, tlsring_path_name(direction->path));
}

static void transfer_opened(void *user)
{
	struct transfer *t = user;
	struct tlsring_info info = { .size = sizeof(info) };
	char address[ADDRESS_TEXT];

	if (t->options->verbose && !tlsring_conn_info(t->connection->conn, &info)) {
		transfer_say(t, "connected to %s: %s, %s%s", address_text(&info.peer, address),
			     info.version, info.cipher, info.resumed ? ", resumed" : "");
		transfer_direction(t, "sending", &info.tx);
		transfer_direction(t, "receiving", &info.rx);
	}
	transfer_send(t);
}

static void transfer_ask(struct transfer *t)
{
	if (t->connection && connection_serves(t->connection, &t->url)) {
		transfer_send(t);
		return;
	}
	transfer_disconnect(t);
	t->stage = TRANSFER_CONNECT;
	t->connection = connection_open(t->engine, t->tls, &t->url, &t->handlers);
	if (!t->connection)
		transfer_fail(t, GET_NETWORK);
}

/* ---- the list ---- */

/* The path of a URL's file, the caller's. NULL: out of memory. */
static char *transfer_path(const struct get_options *options, const struct url *url)
{
	const char *folder = options->folder ? options->output : "";
	char *path;

	if (options->output && !options->folder)
		return strdup(options->output);
	return asprintf(&path, "%s%s", folder, url->name) < 0 ? NULL : path;
}

static enum file_state transfer_open(struct transfer *t)
{
	const struct url *url = &t->options->urls[t->index];
	char *path = transfer_path(t->options, url);
	enum file_state state = FILE_FAILED;
	const char *why;

	t->hops = t->attempts = 0;
	t->anew = t->retried = false;
	url_free(&t->url);
	if (!path || url_parse(&t->url, url->text, &why))
		log_line("%s", strerror(ENOMEM));
	else
		state = file_open(&t->file, path, t->stream, t->options);
	free(path);
	return state;
}

/* Start with the next URL that needs the network; stop the engine behind the last. */
static void transfer_next(struct transfer *t)
{
	for (; t->index < t->options->count; t->index++) {
		enum file_state state = transfer_open(t);

		if (state == FILE_READY) {
			transfer_ask(t);
			return;
		}
		if (state == FILE_WHOLE && !t->options->quiet)
			log_line("%s: it is already there and complete", t->file.path);
		if (state == FILE_FAILED && !t->status)
			t->status = t->file.differs ? GET_FAILED : GET_FILE;
		file_close(&t->file);
	}
	transfer_disconnect(t);
	tlsring_engine_stop(t->engine, TRANSFER_GRACE);
}

void transfer_start(struct transfer *t)
{
	t->handlers = (struct connection_handlers){ .opened = transfer_opened,
						    .received = transfer_received,
						    .closed = transfer_closed,
						    .user = t };
	transfer_next(t);
}

/* Count down to the next attempt, which must not come before the output took what is there. */
static void transfer_wait(struct transfer *t)
{
	if (t->wait)
		t->wait--;
	if (!t->wait && !t->waiting)
		transfer_ask(t);
}

void transfer_tick(struct transfer *t)
{
	if (t->stage == TRANSFER_BODY && t->wanted)
		progress_update(&t->progress, t->file.size);
	if (t->stage == TRANSFER_WAIT)
		transfer_wait(t);
	if (t->waiting || (t->stage != TRANSFER_HEAD && t->stage != TRANSFER_BODY))
		return;
	if (++t->silent <= t->options->timeout * TRANSFER_TICKS)
		return;
	transfer_say(t,
		     "%s: the server has been silent for %u seconds: try again later, or with a "
		     "longer --timeout",
		     t->url.text, t->options->timeout);
	transfer_fail(t, GET_NETWORK);
}

void transfer_interrupt(struct transfer *t)
{
	t->index = t->options->count;
	transfer_say(t, "interrupted");
	if (t->stage != TRANSFER_IDLE)
		transfer_fail(t, GET_FAILED);
	tlsring_engine_stop(t->engine, 0);
}
