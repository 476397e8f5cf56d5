// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/serve/http/response.h"
#include "tools/common/digits.h"
#include "tools/common/log.h"
#include "tools/http/accept.h"
#include "tools/http/condition.h"
#include "tools/http/range.h"
#include "tools/http/status.h"
#include "tools/serve/http/multipart.h"
#include "tools/serve/site/site.h"
#include "tlsring.h"

#define RESPONSE_QUOTE	256	/* room in a log line for what a client sent */

void response_init(struct response *response, struct site_cache *files,
		   struct lister_client *lister)
{
	response->files = files;
	response->lister = lister;
	response->date_at = 0;
	response->body = (struct body){ 0 };
}

/* ---- fields ---- */

/* Inline: the compiler then knows the length of each field's name. */
#define RESPONSE_INLINE	static inline __attribute__((always_inline))

/* Write a field's name, and return the place for a value of so many bytes; NULL: there is no
 * room. */
RESPONSE_INLINE char *response_begin(struct response *out, const char *name, size_t len)
{
	size_t name_len = strlen(name), room = sizeof(out->lines) - out->line_bytes;
	char *at = out->lines + out->line_bytes, *value;

	if (out->field_count == RESPONSE_FIELDS || len > room ||
	    room - len < name_len + strlen(": \r\n"))
		return NULL;
	value = mempcpy(mempcpy(at, name, name_len), ": ", 2);
	out->fields[out->field_count++] = (struct response_field){ at, value, name_len, len };
	return value;
}

/* End a field's line behind its value. */
RESPONSE_INLINE void response_finish(struct response *out, char *end)
{
	end = mempcpy(end, "\r\n", 2);
	out->line_bytes = (size_t)(end - out->lines);
}

RESPONSE_INLINE void response_put(struct response *out, const char *name, const char *value,
				  size_t len)
{
	char *at = response_begin(out, name, len);

	if (at)
		response_finish(out, mempcpy(at, value, len));
}

RESPONSE_INLINE void response_field(struct response *out, const char *name, const char *value)
{
	response_put(out, name, value, strlen(value));
}

__attribute__((format(printf, 3, 4)))
static void response_format(struct response *out, const char *name, const char *format, ...)
{
	va_list args, again;
	char *at;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	/* vsprintf()'s NUL lands where the line ends. */
	at = len < 0 ? NULL : response_begin(out, name, (size_t)len);
	if (at) {
		vsprintf(at, format, again);
		response_finish(out, at + len);
	}
	va_end(again);
	va_end(args);
}

static void response_start(struct response *out, int status)
{
	time_t now = time(NULL);

	if (now != out->date_at) {
		http_date_format(now, out->date);
		out->date_at = now;
	}
	out->status = status;
	out->field_count = 0;
	out->line_bytes = 0;
	out->why = NULL;
	out->body = (struct body){ 0 };
	response_field(out, "Server", "tlsring");
	response_put(out, "Date", out->date, HTTP_DATE_SIZE - 1);
}

static void response_length(struct response *out, uint64_t length)
{
	char digits[DIGITS_MAX];

	response_put(out, "Content-Length", digits, (size_t)(digits_put(digits, length) - digits));
}

/* ---- kinds of responses ---- */

static void response_allow(struct response *out)
{
	if (out->status == 405 || out->status == 204)
		response_field(out, "Allow", "GET, HEAD, OPTIONS");
}

void response_error(struct response *out, int status, const struct http_request *request,
		    const char *why)
{
	const char *text = http_status_body(status);
	size_t len = strlen(text);

	response_start(out, status);
	out->why = why;
	response_allow(out);
	response_field(out, "Content-Type", "text/plain; charset=utf-8");
	response_length(out, len);
	if (!request->head)
		body_set_text(&out->body, text, len);
}

/* Respond with the site's page for this status, or else as response_error() does. */
static void response_refuse(struct response *out, const struct site *site, int status,
			    const struct http_request *request, const char *why)
{
	struct site_found page;
	int ret = site_find_error(site, out->files, status, &page);

	if (ret) {
		response_error(out, status, request,
			       why || ret > 0 ? why : "its error page cannot be read");
		return;
	}
	response_start(out, status);
	out->why = why;
	response_allow(out);
	response_field(out, "Content-Type", page.type);
	response_length(out, page.file->size);
	if (page.file->size && !request->head)
		body_set_file(&out->body, page.file, 0, page.file->size);
	else
		site_file_put(page.file);
}

static void response_folder(struct response *out, const struct http_request *request,
			    const char *path)
{
	char location[3 * HTTP_PATH_MAX];
	size_t len = http_path_encode(path, location, sizeof(location));

	response_start(out, 301);
	response_format(out, "Location", "%.*s/%.*s", (int)len, location, (int)request->query.len,
			request->query.at ? request->query.at : "");
	response_length(out, 0);
}

/* Add the fields that describe a file, whether it is sent or not. */
static void response_about(struct response *out, const struct site *site,
			   const struct site_found *found)
{
	const struct site_file *file = found->file;

	response_put(out, "ETag", file->etag, file->etag_len);
	/* A date in the future is no validator (RFC 9110, 8.8.2.1). */
	response_put(out, "Last-Modified",
		     file->modified <= out->date_at ? file->modified_text : out->date,
		     HTTP_DATE_SIZE - 1);
	response_field(out, "Accept-Ranges", "bytes");
	if (found->cache_control)
		response_field(out, "Cache-Control", found->cache_control);
	if (site->settings.precompressed)
		response_field(out, "Vary", "Accept-Encoding");
}

/* Complete a response that does not send the file: 304, 412, 416. */
static void response_unsent(struct response *out, const struct site_file *file)
{
	if (out->status == 416)
		response_format(out, "Content-Range", "bytes */%" PRIu64, file->size);
	if (out->status != 304)
		response_length(out, 0);
}

/* The parts of a file that are sent. */
struct selection {
	struct http_span spans[HTTP_RANGES_MAX];
	unsigned count;
};

/* 200, 206, or the status of a response without the file. */
static int response_select(const struct http_request *request, const struct site_file *file,
			   struct selection *out)
{
	const struct http_validator validator = { file->etag, file->modified, time(NULL) };
	int status = http_condition(request, &validator);

	if (status)
		return status;
	if (!request->range.at || request->head || !http_condition_range(request, &validator))
		return 200;
	switch (http_range_parse(request->range.at, request->range.len, file->size, out->spans,
				 &out->count)) {
	case HTTP_RANGE_PART:
		return 206;
	case HTTP_RANGE_UNSATISFIABLE:
		return 416;
	default:
		return 200;
	}
}

/* Set the body and the fields that describe it. 0, or the status of a failure; takes over the file
 * on success. */
static int response_body(struct response *out, const struct http_request *request,
			 const struct site_found *found, const struct selection *selection)
{
	struct site_file *file = found->file;
	const struct http_span whole = { 0, file->size };
	const struct http_span *span = out->status == 206 ? selection->spans : &whole;
	char boundary[MULTIPART_BOUNDARY];

	if (found->encoding)
		response_field(out, "Content-Encoding", found->encoding->name);
	if (out->status == 206 && selection->count > 1) {
		if (multipart_make(&out->body, file, found->type, span, selection->count, boundary))
			return 503;
		response_format(out, "Content-Type", "multipart/byteranges; boundary=%s", boundary);
		response_length(out, out->body.left);
		return 0;
	}
	response_field(out, "Content-Type", found->type);
	response_length(out, span->length);
	if (out->status == 206)
		response_format(out, "Content-Range", "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
				span->first, span->first + span->length - 1, file->size);
	if (span->length && !request->head)
		body_set_file(&out->body, file, span->first, span->length);
	else
		site_file_put(file);
	return 0;
}

/* Takes over the file. */
static void response_file(struct response *out, const struct site *site,
			  const struct http_request *request, const struct site_found *found)
{
	struct selection selection;
	int status = response_select(request, found->file, &selection);

	response_start(out, status);
	response_about(out, site, found);
	if (status != 200 && status != 206) {
		response_unsent(out, found->file);
		site_file_put(found->file);
		return;
	}
	status = response_body(out, request, found, &selection);
	if (status) {
		site_file_put(found->file);
		response_error(out, status, request, strerror(ENOMEM));
	}
}

static const char *response_why(int status, int error)
{
	if (error == EXDEV || error == ELOOP)
		return "leads out of the folder";
	return status >= 500 || status == 403 ? strerror(error) : NULL;
}

static bool response_wants_json(const struct http_list *accept)
{
	static const char *const html[] = { "text/html", "text/*", "*/*", NULL };
	static const char *const json[] = { "application/json", "application/*", "*/*", NULL };
	int weight = accept->line.at ? http_accept(accept, json) : 0;

	return weight > 0 && weight > http_accept(accept, html);
}

/* Respond with the listing of a folder that has no index, or with why there is none; takes over the
 * text. */
static void response_listing(struct response *out, const struct site *site,
			     const struct http_request *request, bool json, int result,
			     struct site_file *text)
{
	int status = site_status(result);

	if (result) {
		response_refuse(out, site, status, request,
				result == -EAGAIN ? "too many listings are on their way"
						  : response_why(status, -result));
		return;
	}
	response_start(out, 200);
	response_field(out, "Content-Type", json ? "application/json" : "text/html; charset=utf-8");
	response_length(out, text->size);
	response_field(out, "Vary", "Accept");
	response_field(out, "Cache-Control", "no-cache");
	response_field(out, "Content-Security-Policy",
		       "default-src 'none'; style-src 'unsafe-inline'");
	if (request->head)
		site_file_put(text);
	else
		body_set_file(&out->body, text, 0, text->size);
}

/* False: the listing must be made first. */
static bool response_find_listing(struct response *out, const struct site *site,
				  const struct http_request *request, const char *path)
{
	struct response_later *later = &out->later;
	struct site_file *text = NULL;
	int ret;

	later->site = site;
	later->head = request->head;
	later->form = (struct listing_form){
		.json = response_wants_json(&request->accept),
		.hidden = site->settings.hidden,
		.sort = listing_sort_parse(request->query.at, request->query.len),
	};
	ret = lister_find(out->lister, site, path, &later->form, &text);
	if (ret > 0) {
		strcpy(later->path, path);
		return false;
	}
	response_listing(out, site, request, later->form.json, ret, text);
	return true;
}

static void response_listed(struct lister_waiter *waiter, int result, struct site_file *text)
{
	struct response_wait *wait = (struct response_wait *)waiter;
	const struct http_request request = { .head = wait->head };

	response_listing(wait->out, wait->site, &request, wait->json, result, text);
	wait->done(wait);
}

bool response_wait(struct response *out, struct response_wait *wait)
{
	const struct response_later *later = &out->later;
	const struct http_request request = { .head = later->head };
	int ret;

	wait->lister.done = response_listed;
	wait->out = out;
	wait->site = later->site;
	wait->head = later->head;
	wait->json = later->form.json;
	ret = lister_ask(out->lister, later->site, later->path, &later->form, &wait->lister);
	if (ret)
		response_listing(out, later->site, &request, later->form.json, ret, NULL);
	return !ret;
}

static bool response_path(struct response *out, const struct site *site,
			  const struct http_request *request)
{
	enum http_path_dots dots = site->settings.hidden ? HTTP_PATH_SHOW_DOTS
							 : HTTP_PATH_HIDE_DOTS;
	char path[HTTP_PATH_MAX];
	const struct http_encoding *encodings[HTTP_ENCODINGS + 1] = { NULL };
	struct site_found found;
	int error, status = http_path_decode(request->path.at, request->path.len, dots, path);

	if (status) {
		response_refuse(out, site, status, request,
				status == 400 ? "an invalid path" : NULL);
		return true;
	}
	if (site->settings.precompressed)
		http_accept_encoding(&request->accept_encoding, encodings);
	status = site_find(site, out->files, path, encodings, &found, &error);
	if (!status)
		response_file(out, site, request, &found);
	else if (status == 301)
		response_folder(out, request, path);
	else if (error == ENOENT && site->settings.listing &&
		 (!*path || path[strlen(path) - 1] == '/'))
		return response_find_listing(out, site, request, path);
	else
		response_refuse(out, site, status, request, response_why(status, error));
	return true;
}

/* Every path permits the same methods, whether there is a file or not. */
static void response_options(struct response *out)
{
	response_start(out, 204);
	response_allow(out);
}

bool response_make(struct response *out, const struct site *site,
		   const struct http_request *request)
{
	if (request->refused)
		response_refuse(out, site, request->refused, request, NULL);
	else if (request->options)
		response_options(out);
	else
		return response_path(out, site, request);
	return true;
}

void response_log(const struct response *response, const struct http_text *path,
		  const struct tlsring_conn *conn)
{
	struct tlsring_info info;
	char quote[RESPONSE_QUOTE] = "";

	if (!response->why)
		return;
	info.size = sizeof(info);
	if (tlsring_conn_info(conn, &info))
		return;
	if (path->at)
		log_quote(quote, sizeof(quote), path->at, path->len);
	log_peer(&info.peer, "refused with %d: %s%s%s", response->status, response->why,
		 quote[0] ? ": " : "", quote);
}
