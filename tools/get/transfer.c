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

#define FETCH_HOPS	10	/* redirections that are followed */
#define FETCH_PASS	262144	/* bytes of an unwanted body that cost less than a new connection */
#define FETCH_GRACE	1000	/* msecs that the last connection has to be closed */

static void fetch_ask(struct fetch *f);
static void fetch_next(struct fetch *f);

__attribute__((format(printf, 2, 3)))
static void fetch_say(struct fetch *f, const char *format, ...)
{
	char text[900];
	va_list args;

	progress_hide(&f->progress);
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_line("%s", text);
}

static void fetch_leave(struct fetch *f)
{
	if (f->link)
		link_leave(f->link);
	f->link = NULL;
}

/* ---- one URL is over ---- */

static void fetch_over(struct fetch *f)
{
	progress_hide(&f->progress);
	output_close(&f->output);
	f->stage = FETCH_IDLE;
	f->index++;
	fetch_next(f);
}

/* After a word about it. */
static void fetch_fail(struct fetch *f)
{
	progress_end(&f->progress, false);
	if (!f->output.stream && f->output.fd >= 0 && f->output.size)
		log_line("%s is kept%s", f->output.part, f->output.known ? "; --continue goes on from there" :
			 ", but the server said nothing by which --continue could know that the file is the same");
	f->failed = true;
	if (f->stage != FETCH_IDLE)
		fetch_leave(f);
	fetch_over(f);
}

static void fetch_finish(struct fetch *f)
{
	if (f->total != PROGRESS_UNKNOWN && f->output.size != f->total) {
		fetch_say(f, "%s: %llu bytes came, but the file has %llu", f->url.text,
			  (unsigned long long)f->output.size, (unsigned long long)f->total);
		fetch_fail(f);
		return;
	}
	progress_look(&f->progress, f->output.size);
	progress_hide(&f->progress);
	if (output_finish(&f->output)) {
		progress_end(&f->progress, false);
		f->failed = true;
	} else {
		progress_end(&f->progress, true);
	}
	fetch_over(f);
}

/* ---- the answer ---- */

static void fetch_body_over(struct fetch *f)
{
	f->stage = FETCH_IDLE;
	if (f->link) {
		f->link->answers++;
		if (!f->response.keep)
			fetch_leave(f);
	}
	switch (f->then) {
	case FETCH_THEN_FINISH:
		fetch_finish(f);
		break;
	case FETCH_THEN_AGAIN:
		fetch_ask(f);
		break;
	default:
		fetch_fail(f);
	}
}

/* The body is not the file's: pass over it, if that is worth it. */
static void fetch_skip(struct fetch *f, enum fetch_then then)
{
	f->then = then;
	f->wanted = false;
	f->passed = 0;
	if (f->body.chunked || (f->body.sized && f->body.left <= FETCH_PASS))
		return;
	f->response.keep = false;
	f->body.done = true;
}

static void fetch_redirect(struct fetch *f)
{
	const char *why = "";
	struct url url;
	char quoted[160];
	int ret;

	if (++f->hops > FETCH_HOPS) {
		fetch_say(f, "%s: more than %d redirections: they seem to go in circles", f->url.text, FETCH_HOPS);
		fetch_skip(f, FETCH_THEN_FAIL);
		return;
	}
	ret = url_resolve(&url, &f->url, f->response.location, &why);
	if (ret) {
		fetch_say(f, "%s: redirected to %s, which is not followed: %s", f->url.text,
			  log_quote(quoted, sizeof(quoted), f->response.location, strlen(f->response.location)),
			  ret == -ENOMEM ? strerror(ENOMEM) : why);
		fetch_skip(f, FETCH_THEN_FAIL);
		return;
	}
	url_free(&f->url);
	f->url = url;
	if (f->options->verbose)
		fetch_say(f, "redirected to %s", f->url.text);
	fetch_skip(f, FETCH_THEN_AGAIN);
}

static void fetch_refused(struct fetch *f)
{
	fetch_say(f, "%s: the server answered %d %s%s", f->url.text, f->response.status, f->response.phrase,
		  explain_status(f->response.status));
	fetch_skip(f, FETCH_THEN_FAIL);
}

static void fetch_accept(struct fetch *f, uint64_t offset)
{
	const struct response *r = &f->response;

	f->wanted = true;
	f->then = FETCH_THEN_FINISH;
	f->total = r->sized ? offset + r->length : PROGRESS_UNKNOWN;
	if (offset && r->total != PROGRESS_UNKNOWN)
		f->total = r->total;
	if (r->encoded)
		fetch_say(f, "%s: warning: the server compressed it though it was not asked to; kept as it came",
			  f->url.text);
	if (output_begin(&f->output, offset, response_validator(r)))
		fetch_skip(f, FETCH_THEN_FAIL);
	else
		progress_start(&f->progress, f->output.path ? f->output.path : f->url.text, offset, f->total);
}

/* The server's answer to a range is about another file, or none. */
static void fetch_anew(struct fetch *f)
{
	fetch_say(f, "%s: the server does not continue %s; fetched anew", f->url.text, f->output.part);
	f->anew = true;
	fetch_skip(f, FETCH_THEN_AGAIN);
}

static bool fetch_continues(const struct fetch *f)
{
	return *f->output.validator && f->output.size && !f->anew;
}

static void fetch_answer(struct fetch *f)
{
	const struct response *r = &f->response;

	if (r->status == 200) {
		if (fetch_continues(f))
			fetch_say(f, "%s: the file has changed, or the server does not continue; fetched anew",
				  f->url.text);
		fetch_accept(f, 0);
	} else if (r->status == 206 && fetch_continues(f)) {
		if (r->ranged && r->first == f->output.size)
			fetch_accept(f, f->output.size);
		else
			fetch_anew(f);
	} else if (r->status == 416 && fetch_continues(f)) {
		/* If-Range held: it is the same file, and wholly here. */
		f->total = f->output.size;
		if (r->ranged && r->total == f->output.size)
			fetch_skip(f, FETCH_THEN_FINISH);
		else
			fetch_anew(f);
	} else if ((r->status <= 303 || r->status == 307 || r->status == 308) && r->status >= 301 && *r->location) {
		fetch_redirect(f);
	} else {
		fetch_refused(f);
	}
}

static ssize_t fetch_head(struct fetch *f, const char *data, size_t len)
{
	const char *why = "";
	ssize_t used = response_parse(&f->response, data, len, &why);

	if (!used)
		return 0;
	if (used < 0 || f->response.status == 101) {
		fetch_say(f, "%s: the server's answer cannot be understood: %s", f->url.text,
			  used < 0 ? why : "it changed to another protocol");
		fetch_fail(f);
		return (ssize_t)len;
	}
	if (f->response.status < 200)
		return used;
	f->stage = FETCH_BODY;
	response_body_start(&f->body, &f->response);
	fetch_answer(f);
	if (f->body.done) {
		f->response.keep &= (size_t)used == len;
		fetch_body_over(f);
	}
	return used;
}

/* ---- the body ---- */

static void fetch_writable(int fd, int events, void *user)
{
	struct fetch *f = user;
	int ret;

	(void)fd, (void)events;
	f->waiting = false;
	if (f->stage != FETCH_BODY && f->stage != FETCH_FLUSH)
		return;
	ret = output_flush(&f->output);
	if (ret == -EAGAIN) {
		f->waiting = !tlsring_engine_poll(f->engine, f->output.fd, POLLOUT, fetch_writable, f);
		if (f->waiting)
			return;
	}
	if (ret)
		fetch_fail(f);
	else if (f->stage == FETCH_FLUSH)
		fetch_body_over(f);
	else if (f->link)
		tlsring_conn_resume(f->link->conn);
}

/* 0, or -1 after the URL has failed. */
static int fetch_keep(struct fetch *f, const char *data, size_t len)
{
	int ret = output_write(&f->output, data, len);

	if (ret == -EAGAIN) {
		ret = tlsring_engine_poll(f->engine, f->output.fd, POLLOUT, fetch_writable, f);
		f->waiting = !ret;
	}
	if (ret)
		fetch_fail(f);
	return ret;
}

static ssize_t fetch_body(struct fetch *f, const char *data, size_t len)
{
	size_t surplus, taken = len < sizeof(f->piece) ? len : sizeof(f->piece);
	ssize_t content;

	memcpy(f->piece, data, taken);
	content = response_body_take(&f->body, f->piece, taken, &surplus);
	if (content < 0) {
		fetch_say(f, "%s: the server's chunks make no sense", f->url.text);
		fetch_fail(f);
		return (ssize_t)len;
	}
	if (surplus || taken < len)
		f->response.keep &= !f->body.done;
	if (f->wanted && content && fetch_keep(f, f->piece, (size_t)content))
		return (ssize_t)len;
	if (!f->wanted) {
		f->passed += (uint64_t)content;
		if (f->passed > FETCH_PASS) {
			f->response.keep = false;
			f->body.done = true;
		}
	}
	if (f->body.done && f->waiting)
		f->stage = FETCH_FLUSH;
	else if (f->body.done)
		fetch_body_over(f);
	return (ssize_t)taken;
}

static ssize_t fetch_received(const void *data, size_t len, void *user)
{
	struct fetch *f = user;

	f->silent = 0;
	if (f->waiting)
		return -EAGAIN;
	switch (f->stage) {
	case FETCH_HEAD:
		return fetch_head(f, data, len);
	case FETCH_BODY:
		return fetch_body(f, data, len);
	default:
		/* Nobody asked: such a connection is not used again. */
		fetch_leave(f);
		return (ssize_t)len;
	}
}

/* ---- the connection ---- */

static void fetch_cut(struct fetch *f, const struct tlsring_end *end)
{
	char text[160];

	if (!f->wanted) {
		f->response.keep = false;
		fetch_body_over(f);
		return;
	}
	if (!end->result)
		snprintf(text, sizeof(text), "the server closed the connection");
	else if (end->result == -EKEYEXPIRED)
		snprintf(text, sizeof(text), "its key changed, which this kernel cannot follow; use --offload off");
	else
		tlsring_strerror(end->result, text, sizeof(text));
	if (f->total != PROGRESS_UNKNOWN)
		fetch_say(f, "%s: cut short after %llu of %llu bytes: %s", f->url.text,
			  (unsigned long long)f->output.size, (unsigned long long)f->total, text);
	else
		fetch_say(f, "%s: cut short after %llu bytes: %s", f->url.text,
			  (unsigned long long)f->output.size, text);
	fetch_fail(f);
}

static void fetch_closed(const struct link *link, const struct tlsring_end *end, void *user)
{
	struct fetch *f = user;
	bool stale = f->stage == FETCH_HEAD && link->answers && !f->retried && end->result > -4096;
	char text[600];

	f->link = NULL;
	if (stale) {
		/* It was closed for having been idle, while we asked. */
		f->retried = true;
		fetch_ask(f);
	} else if (f->stage == FETCH_CONNECT || f->stage == FETCH_HEAD) {
		fetch_say(f, "%s", explain_end(text, sizeof(text), &f->url, end));
		fetch_fail(f);
	} else if (f->stage == FETCH_BODY && !f->body.sized && !f->body.chunked && !end->result) {
		f->body.done = true;
		if (f->waiting)
			f->stage = FETCH_FLUSH;
		else
			fetch_body_over(f);
	} else if (f->stage == FETCH_BODY) {
		fetch_cut(f, end);
	}
}

static char *fetch_request(const struct fetch *f)
{
	char range[400] = "", *request;

	if (fetch_continues(f))
		snprintf(range, sizeof(range), "Range: bytes=%llu-\r\nIf-Range: %s\r\n",
			 (unsigned long long)f->output.size, f->output.validator);
	if (asprintf(&request, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: tlsring/" TLSRING_VERSION "\r\n"
		     "Accept: */*\r\nAccept-Encoding: identity\r\n%s\r\n", f->url.target, f->url.authority, range) < 0)
		return NULL;
	return request;
}

static void fetch_send(struct fetch *f)
{
	char *request = fetch_request(f);
	int ret = request ? link_send(f->link, request) : -ENOMEM;

	f->stage = FETCH_HEAD;
	f->silent = 0;
	/* Where the connection is ending, its end will tell. */
	if (!ret || ret == -EPIPE)
		return;
	fetch_say(f, "%s: %s", f->url.text, strerror(-ret));
	fetch_fail(f);
}

static void fetch_direction(struct fetch *f, const char *name, const struct tlsring_direction *direction)
{
	static const char *const paths[] = { "user space", "kernel", "NIC", "failed" };
	const char *remedy = tlsring_reason_remedy(direction->reason);

	if (direction->path == TLSRING_PATH_USER)
		fetch_say(f, "%s: user space: %s%s%s", name, tlsring_reason_text(direction->reason),
			  *remedy ? "; " : "", remedy);
	else
		fetch_say(f, "%s: %s", name, paths[direction->path]);
}

static void fetch_opened(void *user)
{
	struct fetch *f = user;
	struct tlsring_info info = { .size = sizeof(info) };
	char address[ADDRESS_TEXT];

	if (f->options->verbose && !tlsring_conn_info(f->link->conn, &info)) {
		fetch_say(f, "connected to %s: %s, %s%s", address_text(&info.peer, address), info.version,
			  info.cipher, info.resumed ? ", resumed" : "");
		fetch_direction(f, "sending", &info.tx);
		fetch_direction(f, "receiving", &info.rx);
	}
	fetch_send(f);
}

static void fetch_ask(struct fetch *f)
{
	if (f->link && link_serves(f->link, &f->url)) {
		fetch_send(f);
		return;
	}
	fetch_leave(f);
	f->stage = FETCH_CONNECT;
	f->link = link_open(f->engine, f->tls, &f->url, &f->link_user);
	if (!f->link)
		fetch_fail(f);
}

/* ---- the list ---- */

static enum output_state fetch_open(struct fetch *f)
{
	const struct url *url = &f->options->urls[f->index];
	const char *path = f->options->output ? f->options->output : url->name, *why;

	f->hops = 0;
	f->anew = f->retried = false;
	url_free(&f->url);
	if (url_parse(&f->url, url->text, &why)) {
		log_line("%s", strerror(ENOMEM));
		return OUTPUT_FAILED;
	}
	return output_open(&f->output, path, f->stream, f->options);
}

/* The first that there is something to do about. */
static void fetch_next(struct fetch *f)
{
	for (; f->index < f->options->count; f->index++) {
		enum output_state state = fetch_open(f);

		if (state == OUTPUT_READY) {
			fetch_ask(f);
			return;
		}
		if (state == OUTPUT_WHOLE && !f->options->quiet)
			log_line("%s: it is already there, and whole", f->output.path);
		f->failed |= state == OUTPUT_FAILED;
		output_close(&f->output);
	}
	fetch_leave(f);
	tlsring_engine_stop(f->engine, FETCH_GRACE);
}

void fetch_start(struct fetch *f)
{
	f->link_user = (struct link_user){ .opened = fetch_opened, .received = fetch_received,
					   .closed = fetch_closed, .user = f };
	fetch_next(f);
}

void fetch_tick(struct fetch *f)
{
	if (f->stage == FETCH_BODY && f->wanted)
		progress_look(&f->progress, f->output.size);
	if (f->waiting || (f->stage != FETCH_HEAD && f->stage != FETCH_BODY))
		return;
	if (++f->silent <= f->options->timeout * FETCH_TICKS)
		return;
	fetch_say(f, "%s: the server has sent nothing for %u seconds: try again later, or with a longer --timeout",
		  f->url.text, f->options->timeout);
	fetch_fail(f);
}

void fetch_interrupt(struct fetch *f)
{
	f->index = f->options->count;
	fetch_say(f, "interrupted");
	if (f->stage != FETCH_IDLE)
		fetch_fail(f);
	tlsring_engine_stop(f->engine, 0);
}
