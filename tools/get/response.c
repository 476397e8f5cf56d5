// SPDX-License-Identifier: MIT
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include "tools/http/date.h"
#include "tools/http/request.h"
#include "tools/get/response.h"

#define RESPONSE_FIELDS	100
#define RESPONSE_FOLDED	4096	/* bytes of a folded field */
#define RESPONSE_IDLE	65536	/* bytes of a chunked body without content */
#define RESPONSE_WASTE	16	/* bytes of overhead per byte of content, on the average */

/* Take a decimal number from the front of text. */
static bool response_number(struct http_text *text, uint64_t *out)
{
	uint64_t value = 0;
	size_t digits = 0;

	for (; digits < text->len && text->at[digits] >= '0' && text->at[digits] <= '9'; digits++) {
		if (value > (UINT64_MAX - 9) / 10)
			return false;
		value = value * 10 + (uint64_t)(text->at[digits] - '0');
	}
	text->at += digits;
	text->len -= digits;
	*out = value;
	return digits > 0;
}

static bool response_skip(struct http_text *text, char expected)
{
	if (!text->len || *text->at != expected)
		return false;
	text->at++;
	text->len--;
	return true;
}

static const char *response_length(struct response *r, struct http_text value)
{
	struct http_text element;
	uint64_t length;

	if (!value.len)
		return "its Content-Length is no number";
	while (http_text_element(&value, &element)) {
		if (!response_number(&element, &length) || element.len)
			return "its Content-Length is no number";
		if (r->sized && r->length != length)
			return "it has two different Content-Lengths";
		r->sized = true;
		r->length = length;
	}
	return NULL;
}

static const char *response_coding(struct response *r, const struct http_text *value)
{
	if (!http_text_is_nocase(value, "chunked") || r->chunked)
		return "its Transfer-Encoding is not chunked";
	r->chunked = true;
	return NULL;
}

static void response_connection(struct response *r, struct http_text value)
{
	struct http_text element;

	while (http_text_element(&value, &element)) {
		if (http_text_is_nocase(&element, "close"))
			r->keep = false;
		else if (http_text_is_nocase(&element, "keep-alive"))
			r->keep = true;
	}
}

/* "bytes 5-9/10"; a star stands for an unknown total, or (in a 416) for the range. */
static const char *response_range(struct response *r, struct http_text value)
{
	static const char why[] = "its Content-Range is not valid";

	if (value.len < 6 || strncasecmp(value.at, "bytes ", 6))
		return why;
	value = http_text_trim(value.at + 6, value.len - 6);
	r->first = r->last = UINT64_MAX;
	if (!response_skip(&value, '*') &&
	    (!response_number(&value, &r->first) || !response_skip(&value, '-') ||
	     !response_number(&value, &r->last) || r->last < r->first))
		return why;
	if (!response_skip(&value, '/'))
		return why;
	r->total = UINT64_MAX;
	if (!response_skip(&value, '*') && !response_number(&value, &r->total))
		return why;
	if (value.len || (r->last != UINT64_MAX && r->total <= r->last))
		return why;
	r->ranged = true;
	return NULL;
}

/* A value that does not fit counts as absent: a truncated one would have another meaning. */
static void response_keep_text(char *out, size_t room, const char *at, size_t len)
{
	if (len >= room)
		len = 0;
	memcpy(out, at, len);
	out[len] = '\0';
}

/* Retry-After is a number of seconds or a date. */
static void response_retry_after(struct response *r, const struct http_text *value)
{
	time_t when = http_date_parse(value->at, value->len), now = time(NULL);
	struct http_text rest = *value;
	uint64_t seconds = 0;

	if (when > now)
		seconds = (uint64_t)(when - now);
	else if (when < 0 && (!response_number(&rest, &seconds) || rest.len))
		seconds = 0;
	r->retry_after = seconds < UINT_MAX ? (unsigned)seconds : UINT_MAX;
}

static const char *response_field(struct response *r, const struct http_text *name,
				  const struct http_text *value)
{
	if (http_text_is_nocase(name, "content-length"))
		return response_length(r, *value);
	if (http_text_is_nocase(name, "transfer-encoding"))
		return response_coding(r, value);
	if (http_text_is_nocase(name, "content-range"))
		return response_range(r, *value);
	if (http_text_is_nocase(name, "connection"))
		response_connection(r, *value);
	else if (http_text_is_nocase(name, "content-encoding"))
		r->encoded = value->len && !http_text_is_nocase(value, "identity");
	else if (http_text_is_nocase(name, "location"))
		response_keep_text(r->location, sizeof(r->location), value->at, value->len);
	else if (http_text_is_nocase(name, "etag"))
		response_keep_text(r->etag, sizeof(r->etag), value->at, value->len);
	else if (http_text_is_nocase(name, "last-modified"))
		response_keep_text(r->modified, sizeof(r->modified), value->at, value->len);
	else if (http_text_is_nocase(name, "date"))
		response_keep_text(r->date, sizeof(r->date), value->at, value->len);
	else if (http_text_is_nocase(name, "retry-after"))
		response_retry_after(r, value);
	return NULL;
}

/* Join the lines of a folded field with blanks (RFC 9112, 5.2). Lines but the first have no
 * name. */
static const char *response_folded(struct response *r, const struct phr_header *first,
				   const struct phr_header *last)
{
	struct http_text name = { first->name, first->name_len }, value;
	size_t len = (size_t)(last->value + last->value_len - first->value);
	char joined[RESPONSE_FOLDED];

	if (len > sizeof(joined))
		return "it has a folded field that is too long";
	memcpy(joined, first->value, len);
	for (size_t i = 0; i < len; i++)
		if (joined[i] == '\r' || joined[i] == '\n')
			joined[i] = ' ';
	value = http_text_trim(joined, len);
	return response_field(r, &name, &value);
}

static const char *response_fields(struct response *r, const struct phr_header *fields,
				   size_t count)
{
	const char *why = NULL;

	for (size_t i = 0; i < count && !why; i++) {
		const struct phr_header *first = &fields[i];
		struct http_text name = { first->name, first->name_len };
		struct http_text value = http_text_trim(first->value, first->value_len);

		while (i + 1 < count && !fields[i + 1].name)
			i++;
		if (first == &fields[i])
			why = response_field(r, &name, &value);
		else
			why = response_folded(r, first, &fields[i]);
	}
	return why;
}

/* Decide how the body is framed (RFC 9112, 6.3). */
static void response_frame(struct response *r)
{
	if (r->status < 200 || r->status == 204 || r->status == 304) {
		r->chunked = false;
		r->sized = true;
		r->length = 0;
	} else if (r->chunked) {
		r->sized = false;
	}
	if (!r->chunked && !r->sized)
		r->keep = false;
}

static bool response_digits(const char *at, size_t count)
{
	return strspn(at, "0123456789") >= count;
}

/*
 * Parse "HTTP/1.1 200 OK"; servers leave out the phrase, and even the blank before it. *minor is of
 * the version. Length of the line with its end; 0: it is incomplete; -EBADMSG.
 */
static ssize_t response_status(struct response *out, const char *data, size_t len, int *minor)
{
	static const char version[] = "HTTP/1.";
	const char *end = memchr(data, '\n', len);
	size_t prefix = len < sizeof(version) - 1 ? len : sizeof(version) - 1;
	char line[128] = "";
	size_t used;

	if (memcmp(data, version, prefix))
		return -EBADMSG;
	if (!end)
		return 0;
	used = (size_t)(end + 1 - data);
	memcpy(line, data, used < sizeof(line) ? used : sizeof(line) - 1);
	line[strcspn(line, "\r\n")] = '\0';
	if (!response_digits(line + 7, 1) || line[8] != ' ' || !response_digits(line + 9, 3) ||
	    (line[12] && line[12] != ' '))
		return -EBADMSG;
	*minor = line[7] - '0';
	out->status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + line[11] - '0';
	response_keep_text(out->phrase, sizeof(out->phrase), line + (line[12] ? 13 : 12),
			   strlen(line + (line[12] ? 13 : 12)));
	for (char *c = out->phrase; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return (ssize_t)used;
}

ssize_t response_parse(struct response *out, const char *data, size_t len, const char **why)
{
	struct phr_header fields[RESPONSE_FIELDS];
	size_t count = RESPONSE_FIELDS;
	ssize_t line;
	int minor = 0, ret = -2;

	*out = (struct response){ 0 };
	line = response_status(out, data, len, &minor);
	if (line > 0)
		ret = phr_parse_headers(data + line, len - (size_t)line, fields, &count, 0);
	else if (line < 0)
		ret = -1;
	if (ret == -2 && len < RESPONSE_HEAD_LIMIT)
		return 0;
	if (ret < 0) {
		*why = ret == -2 ? "its head does not end" : "it is not HTTP/1";
		return -EBADMSG;
	}
	out->keep = minor >= 1;
	*why = response_fields(out, fields, count);
	if (*why)
		return -EBADMSG;
	response_frame(out);
	return line + ret;
}

/* A date is strong when the answer was made at least a second later: otherwise the file may have
 * changed twice within that second (RFC 9110, 8.8.2.2). */
const char *response_validator(const struct response *r)
{
	time_t modified = http_date_parse(r->modified, strlen(r->modified));
	time_t date = http_date_parse(r->date, strlen(r->date));

	if (r->etag[0] == '"' && strlen(r->etag) >= 2 && r->etag[strlen(r->etag) - 1] == '"')
		return r->etag;
	return modified >= 0 && date >= modified + 1 ? r->modified : NULL;
}

bool response_may_pass(int status)
{
	return status == 408 || status == 429 || status == 500 ||
	       (status >= 502 && status <= 504);
}

/* RFC 9110, 15.3.7.3: parts may be joined only if they share a strong validator. A server that has
 * compared the date need not repeat it. */
bool response_matches(const struct response *r, const char *validator)
{
	if (*validator == '"')
		return !strcmp(r->etag, validator);
	return !*r->modified || !strcmp(r->modified, validator);
}

void response_body_start(struct response_body *body, const struct response *response)
{
	*body = (struct response_body){
		.decoder.consume_trailer = 1,
		.chunked = response->chunked, .sized = response->sized, .left = response->length,
		.done = response->sized && !response->length,
	};
}

/* Decode a piece of a chunked body. Extensions and trailers must not go on without end. */
static ssize_t response_chunks(struct response_body *body, char *buf, size_t len, size_t *surplus)
{
	size_t content = len;
	ssize_t ret = phr_decode_chunked(&body->decoder, buf, &content);

	if (ret == -1)
		return -EBADMSG;
	body->done = ret >= 0;
	*surplus = ret > 0 ? (size_t)ret : 0;
	body->content += content;
	body->overhead += len - content - *surplus;
	body->idle = content ? 0 : body->idle + len - *surplus;
	if (body->idle > RESPONSE_IDLE ||
	    body->overhead > RESPONSE_IDLE + RESPONSE_WASTE * body->content)
		return -EMSGSIZE;
	return (ssize_t)content;
}

ssize_t response_body_take(struct response_body *body, char *buf, size_t len, size_t *surplus)
{
	*surplus = 0;
	if (body->done) {
		*surplus = len;
		return 0;
	}
	if (body->chunked)
		return response_chunks(body, buf, len, surplus);
	if (!body->sized)
		return (ssize_t)len;
	if (len > body->left) {
		*surplus = len - body->left;
		len = body->left;
	}
	body->left -= len;
	body->done = !body->left;
	return (ssize_t)len;
}
