// SPDX-License-Identifier: MIT
#include <string.h>
#include "tools/http/condition.h"
#include "tools/http/date.h"

/* Length of the entity tag at the start of the text; 0: there is none. */
static size_t condition_tag(const char *at, size_t len)
{
	size_t start = len > 2 && at[0] == 'W' && at[1] == '/' ? 2 : 0;
	const char *end;

	if (len < start + 2 || at[start] != '"')
		return 0;
	end = memchr(at + start + 1, '"', len - start - 1);
	return end ? (size_t)(end + 1 - at) : 0;
}

static bool condition_same(const char *at, size_t len, const char *etag, bool weak)
{
	if (weak && len > 2 && at[0] == 'W') {
		at += 2;
		len -= 2;
	}
	return len == strlen(etag) && !memcmp(at, etag, len);
}

static bool condition_in_line(const struct http_text *line, const char *etag, bool weak)
{
	const char *at = line->at, *end = line->at + line->len;

	while (at < end) {
		size_t tag = condition_tag(at, (size_t)(end - at));

		if (tag && condition_same(at, tag, etag, weak))
			return true;
		at += tag ? tag : 1;
	}
	return false;
}

static bool condition_listed(const struct http_list *list, const char *etag, bool weak)
{
	if (http_text_is(&list->line, "*") && !list->next)
		return true;
	for (; list; list = list->next)
		if (condition_in_line(&list->line, etag, weak))
			return true;
	return false;
}

int http_condition(const struct http_request *request, const struct http_validator *validator)
{
	time_t since;

	if (request->if_match.line.at) {
		if (!condition_listed(&request->if_match, validator->etag, false))
			return 412;
	} else if (request->if_unmodified_since.at) {
		since = http_date_parse(request->if_unmodified_since.at,
					request->if_unmodified_since.len);
		if (since >= 0 && validator->modified > since)
			return 412;
	}
	if (request->if_none_match.line.at)
		return condition_listed(&request->if_none_match, validator->etag, true) ? 304 : 0;
	if (request->if_modified_since.at) {
		since = http_date_parse(request->if_modified_since.at,
					request->if_modified_since.len);
		if (since >= 0 && validator->modified <= since)
			return 304;
	}
	return 0;
}

bool http_condition_range(const struct http_request *request,
			  const struct http_validator *validator)
{
	const struct http_text *text = &request->if_range;

	if (!text->at)
		return true;
	if (condition_tag(text->at, text->len) == text->len && text->len)
		return condition_same(text->at, text->len, validator->etag, false);
	return validator->modified < validator->now &&
	       http_date_parse(text->at, text->len) == validator->modified;
}
