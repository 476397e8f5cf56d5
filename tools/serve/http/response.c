// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/serve/http/response.h"
#include "tools/http/coding.h"
#include "tools/common/digits.h"
#include "tools/http/accept.h"
#include "tools/http/condition.h"
#include "tools/http/range.h"
#include "tools/common/log.h"
#include "tools/serve/http/multipart.h"
#include "tools/serve/site/site.h"
#include "tlsring.h"

#define ANSWER_QUOTE	256	/* room in a log line for what a client sent */

static const struct {
	int status;
	const char *line;
} answer_lines[] = {
	{ 200, "200 OK\n" },
	{ 204, "204 No Content\n" },
	{ 206, "206 Partial Content\n" },
	{ 301, "301 Moved Permanently\n" },
	{ 304, "304 Not Modified\n" },
	{ 308, "308 Permanent Redirect\n" },
	{ 400, "400 Bad Request\n" },
	{ 403, "403 Forbidden\n" },
	{ 404, "404 Not Found\n" },
	{ 405, "405 Method Not Allowed\n" },
	{ 412, "412 Precondition Failed\n" },
	{ 413, "413 Content Too Large\n" },
	{ 414, "414 URI Too Long\n" },
	{ 416, "416 Range Not Satisfiable\n" },
	{ 421, "421 Misdirected Request\n" },
	{ 431, "431 Request Header Fields Too Large\n" },
	{ 500, "500 Internal Server Error\n" },
	{ 501, "501 Not Implemented\n" },
	{ 503, "503 Service Unavailable\n" },
	{ 505, "505 HTTP Version Not Supported\n" },
};

const char *answer_status_line(int status)
{
	for (size_t i = 0; i < sizeof(answer_lines) / sizeof(answer_lines[0]); i++)
		if (answer_lines[i].status == status)
			return answer_lines[i].line;
	return "500 Internal Server Error\n";
}

void answer_init(struct answer *answer, struct site_cache *files)
{
	answer->files = files;
	answer->listings = (struct listing_kept){ 0 };
	answer->date_at = 0;
	answer->content = (struct content){ 0 };
}

void answer_free(struct answer *answer)
{
	listing_kept_free(&answer->listings);
}

/* ---- fields ---- */

/* Each answer has several fields: where they are put the compiler knows how long their names are. */
#define ANSWER_INLINE	static inline __attribute__((always_inline))

/* The name's part of a line, and room for a value of so many bytes; NULL: there is none. */
ANSWER_INLINE char *answer_begin(struct answer *out, const char *name, size_t len)
{
	size_t name_len = strlen(name), room = sizeof(out->lines) - out->line_bytes;
	char *at = out->lines + out->line_bytes, *value;

	if (out->field_count == ANSWER_FIELDS || len > room || room - len < name_len + strlen(": \r\n"))
		return NULL;
	value = mempcpy(mempcpy(at, name, name_len), ": ", 2);
	out->fields[out->field_count++] = (struct answer_field){ at, value, name_len, len };
	return value;
}

/* The value is there. */
ANSWER_INLINE void answer_finish(struct answer *out, char *end)
{
	end = mempcpy(end, "\r\n", 2);
	out->line_bytes = (size_t)(end - out->lines);
}

ANSWER_INLINE void answer_put(struct answer *out, const char *name, const char *value, size_t len)
{
	char *at = answer_begin(out, name, len);

	if (at)
		answer_finish(out, mempcpy(at, value, len));
}

ANSWER_INLINE void answer_field(struct answer *out, const char *name, const char *value)
{
	answer_put(out, name, value, strlen(value));
}

__attribute__((format(printf, 3, 4)))
static void answer_format(struct answer *out, const char *name, const char *format, ...)
{
	va_list args, again;
	char *at;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	/* The NUL is where the line's end comes. */
	at = len < 0 ? NULL : answer_begin(out, name, (size_t)len);
	if (at) {
		vsprintf(at, format, again);
		answer_finish(out, at + len);
	}
	va_end(again);
	va_end(args);
}

static void answer_start(struct answer *out, int status)
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
	out->content = (struct content){ 0 };
	answer_field(out, "Server", "tlsring");
	answer_put(out, "Date", out->date, HTTP_DATE_SIZE - 1);
}

static void answer_length(struct answer *out, uint64_t length)
{
	char digits[DIGITS_MAX];

	answer_put(out, "Content-Length", digits, (size_t)(digits_put(digits, length) - digits));
}

/* ---- kinds of answers ---- */

static void answer_allow(struct answer *out)
{
	if (out->status == 405 || out->status == 204)
		answer_field(out, "Allow", "GET, HEAD, OPTIONS");
}

void answer_error(struct answer *out, int status, const struct http_request *request, const char *why)
{
	const char *line = answer_status_line(status);
	size_t len = strlen(line);

	answer_start(out, status);
	out->why = why;
	answer_allow(out);
	answer_field(out, "Content-Type", "text/plain; charset=utf-8");
	answer_length(out, len);
	if (!request->head)
		content_set_text(&out->content, line, len);
}

/* The same with the site's own page, if it has one. */
static void answer_refuse(struct answer *out, const struct site *site, int status,
			  const struct http_request *request, const char *why)
{
	struct site_found page;
	int ret = site_find_error(site, out->files, status, &page);

	if (ret) {
		answer_error(out, status, request, why || ret > 0 ? why : "its error page cannot be read");
		return;
	}
	answer_start(out, status);
	out->why = why;
	answer_allow(out);
	answer_field(out, "Content-Type", page.type);
	answer_length(out, page.file->size);
	if (page.file->size && !request->head)
		content_set_file(&out->content, page.file, 0, page.file->size);
	else
		site_file_put(page.file);
}

static void answer_folder(struct answer *out, const struct http_request *request, const char *path)
{
	char location[3 * HTTP_PATH_MAX];
	size_t len = http_path_encode(path, location, sizeof(location));

	answer_start(out, 301);
	answer_format(out, "Location", "%.*s/%.*s", (int)len, location, (int)request->query.len,
		      request->query.at ? request->query.at : "");
	answer_length(out, 0);
}

/* What stands in every answer about a file, whether it is sent or not. */
static void answer_about(struct answer *out, const struct site *site, const struct site_found *found)
{
	const struct site_file *file = found->file;

	answer_put(out, "ETag", file->etag, file->etag_len);
	/* A date to come would be no validator: RFC 9110, 8.8.2.1. */
	answer_put(out, "Last-Modified", file->modified <= out->date_at ? file->modified_text : out->date,
		   HTTP_DATE_SIZE - 1);
	answer_field(out, "Accept-Ranges", "bytes");
	if (found->cache_control)
		answer_field(out, "Cache-Control", found->cache_control);
	if (site->settings.precompressed)
		answer_field(out, "Vary", "Accept-Encoding");
}

/* 304, 412, 416: the file is not sent. */
static void answer_unsent(struct answer *out, const struct site_file *file)
{
	if (out->status == 416)
		answer_format(out, "Content-Range", "bytes */%" PRIu64, file->size);
	if (out->status != 304)
		answer_length(out, 0);
}

/* What of a file goes out. */
struct selection {
	struct http_span spans[HTTP_RANGES_MAX];
	unsigned count;
};

/* 200, 206, or the status of an answer without content. */
static int answer_select(const struct http_request *request, const struct site_file *file,
			 struct selection *out)
{
	const struct http_validator validator = { file->etag, file->modified };
	int status = http_condition(request, &validator);

	if (status)
		return status;
	if (!request->range.at || request->head || !http_condition_range(request, &validator))
		return 200;
	switch (http_range_parse(request->range.at, request->range.len, file->size, out->spans, &out->count)) {
	case HTTP_RANGE_PART:
		return 206;
	case HTTP_RANGE_UNSATISFIABLE:
		return 416;
	default:
		return 200;
	}
}

/* The content, and the fields that say how it is to be read. 0, or the status of a failure; takes
 * over the file when it succeeds. */
static int answer_content(struct answer *out, const struct http_request *request,
			  const struct site_found *found, const struct selection *selection)
{
	struct site_file *file = found->file;
	const struct http_span whole = { 0, file->size };
	const struct http_span *span = out->status == 206 ? selection->spans : &whole;
	char boundary[MULTIPART_BOUNDARY];

	if (found->coding)
		answer_field(out, "Content-Encoding", found->coding->name);
	if (out->status == 206 && selection->count > 1) {
		if (multipart_make(&out->content, file, found->type, span, selection->count, boundary))
			return 503;
		answer_format(out, "Content-Type", "multipart/byteranges; boundary=%s", boundary);
		answer_length(out, out->content.left);
		return 0;
	}
	answer_field(out, "Content-Type", found->type);
	answer_length(out, span->length);
	if (out->status == 206)
		answer_format(out, "Content-Range", "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, span->first,
			      span->first + span->length - 1, file->size);
	if (span->length && !request->head)
		content_set_file(&out->content, file, span->first, span->length);
	else
		site_file_put(file);
	return 0;
}

/* Takes over the file. */
static void answer_file(struct answer *out, const struct site *site, const struct http_request *request,
			const struct site_found *found)
{
	struct selection selection;
	int status = answer_select(request, found->file, &selection);

	answer_start(out, status);
	answer_about(out, site, found);
	if (status != 200 && status != 206) {
		answer_unsent(out, found->file);
		site_file_put(found->file);
		return;
	}
	status = answer_content(out, request, found, &selection);
	if (status) {
		site_file_put(found->file);
		answer_error(out, status, request, strerror(ENOMEM));
	}
}

static const char *answer_why(int status, int error)
{
	if (error == EXDEV || error == ELOOP)
		return "leads out of the folder";
	return status >= 500 || status == 403 ? strerror(error) : NULL;
}

static bool answer_wants_json(const struct http_list *accept)
{
	static const char *const html[] = { "text/html", "text/*", "*/*", NULL };
	static const char *const json[] = { "application/json", "application/*", "*/*", NULL };

	return accept->line.at && http_accept(accept, json) > http_accept(accept, html);
}

/* A folder without an index. */
static void answer_listing(struct answer *out, const struct site *site, const struct http_request *request,
			   const char *path)
{
	bool json = answer_wants_json(&request->accept);
	struct site_file *text;
	int ret = listing_kept_get(&out->listings, site, path, json, time(NULL), &text);

	if (ret) {
		int status = site_status(ret);

		answer_refuse(out, site, status, request, ret == -EAGAIN ? "too many listings are on their way" :
			      answer_why(status, -ret));
		return;
	}
	answer_start(out, 200);
	answer_field(out, "Content-Type", json ? "application/json" : "text/html; charset=utf-8");
	answer_length(out, text->size);
	answer_field(out, "Vary", "Accept");
	answer_field(out, "Cache-Control", "no-cache");
	answer_field(out, "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
	if (request->head)
		site_file_put(text);
	else
		content_set_file(&out->content, text, 0, text->size);
}

static void answer_path(struct answer *out, const struct site *site, const struct http_request *request)
{
	enum http_path_dots dots = site->settings.hidden ? HTTP_PATH_SHOW_DOTS : HTTP_PATH_HIDE_DOTS;
	char path[HTTP_PATH_MAX];
	const struct coding *codings[CODING_COUNT + 1] = { NULL };
	struct site_found found;
	int error, status = http_path_decode(request->path.at, request->path.len, dots, path);

	if (status) {
		answer_refuse(out, site, status, request, status == 400 ? "a path that is none" : NULL);
		return;
	}
	if (site->settings.precompressed)
		coding_choose(&request->accept_encoding, codings);
	status = site_find(site, out->files, path, codings, &found, &error);
	if (!status)
		answer_file(out, site, request, &found);
	else if (status == 301)
		answer_folder(out, request, path);
	else if (error == ENOENT && site->settings.listing && (!*path || path[strlen(path) - 1] == '/'))
		answer_listing(out, site, request, path);
	else
		answer_refuse(out, site, status, request, answer_why(status, error));
}

/* What may be done is the same for every path, whether a file is there or not. */
static void answer_options(struct answer *out)
{
	answer_start(out, 204);
	answer_allow(out);
}

void answer_make(struct answer *out, const struct site *site, const struct http_request *request)
{
	if (request->refused)
		answer_refuse(out, site, request->refused, request, NULL);
	else if (request->options)
		answer_options(out);
	else
		answer_path(out, site, request);
}

void answer_log(const struct answer *answer, const struct http_request *request,
		const struct tlsring_conn *conn)
{
	struct tlsring_info info;
	char quote[ANSWER_QUOTE] = "";

	if (!answer->why)
		return;
	info.size = sizeof(info);
	if (tlsring_conn_info(conn, &info))
		return;
	if (request->path.at)
		log_quote(quote, sizeof(quote), request->path.at, request->path.len);
	log_peer(&info.peer, "refused with %d: %s%s%s", answer->status, answer->why, quote[0] ? ": " : "",
		 quote);
}
