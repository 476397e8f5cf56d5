// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "tools/http/date.h"
#include "tools/http/request.h"
#include "tools/get/response.h"

#define RESPONSE_FIELDS	100

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
	uint64_t last = UINT64_MAX;

	if (value.len < 6 || memcmp(value.at, "bytes ", 6))
		return why;
	value = http_text_trim(value.at + 6, value.len - 6);
	r->first = UINT64_MAX;
	if (!response_skip(&value, '*') &&
	    (!response_number(&value, &r->first) || !response_skip(&value, '-') ||
	     !response_number(&value, &last) || last < r->first))
		return why;
	if (!response_skip(&value, '/'))
		return why;
	r->total = UINT64_MAX;
	if (!response_skip(&value, '*') && !response_number(&value, &r->total))
		return why;
	if (value.len || (last != UINT64_MAX && r->total <= last))
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
	return NULL;
}

static const char *response_fields(struct response *r, const struct phr_header *fields,
				   size_t count)
{
	const char *why = NULL;

	for (size_t i = 0; i < count && !why; i++) {
		struct http_text name = { fields[i].name, fields[i].name_len };
		struct http_text value = http_text_trim(fields[i].value, fields[i].value_len);

		why = name.at ? response_field(r, &name, &value) : "it has folded fields";
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

ssize_t response_parse(struct response *out, const char *data, size_t len, const char **why)
{
	struct phr_header fields[RESPONSE_FIELDS];
	size_t count = RESPONSE_FIELDS, phrase_len;
	const char *phrase;
	int minor, ret;

	*out = (struct response){ 0 };
	ret = phr_parse_response(data, len, &minor, &out->status, &phrase, &phrase_len, fields,
				 &count, 0);
	if (ret == -2 && len < RESPONSE_HEAD_LIMIT)
		return 0;
	if (ret < 0) {
		*why = ret == -2 ? "its head does not end" : "it is not HTTP/1";
		return -EBADMSG;
	}
	out->keep = minor >= 1;
	response_keep_text(out->phrase, sizeof(out->phrase), phrase, phrase_len);
	for (char *c = out->phrase; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	*why = response_fields(out, fields, count);
	if (*why)
		return -EBADMSG;
	response_frame(out);
	return ret;
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

void response_body_start(struct response_body *body, const struct response *response)
{
	*body = (struct response_body){
		.decoder.consume_trailer = 1,
		.chunked = response->chunked, .sized = response->sized, .left = response->length,
		.done = response->sized && !response->length,
	};
}

ssize_t response_body_take(struct response_body *body, char *buf, size_t len, size_t *surplus)
{
	ssize_t ret;

	*surplus = 0;
	if (body->done) {
		*surplus = len;
		return 0;
	}
	if (body->chunked) {
		ret = phr_decode_chunked(&body->decoder, buf, &len);
		if (ret == -1)
			return -EBADMSG;
		body->done = ret >= 0;
		*surplus = ret > 0 ? (size_t)ret : 0;
		return (ssize_t)len;
	}
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
