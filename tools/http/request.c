// SPDX-License-Identifier: MIT
#include "tools/http/request.h"

static bool text_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct http_text http_text_trim(const char *at, size_t len)
{
	while (len && text_blank(at[len - 1]))
		len--;
	while (len && text_blank(*at)) {
		at++;
		len--;
	}
	return (struct http_text){ at, len };
}

bool http_text_element(struct http_text *list, struct http_text *element)
{
	const char *comma;
	size_t len;

	if (!list->len)
		return false;
	comma = memchr(list->at, ',', list->len);
	len = comma ? (size_t)(comma - list->at) : list->len;
	*element = http_text_trim(list->at, len);
	len += comma != NULL;
	list->at += len;
	list->len -= len;
	return true;
}

void http_request_method(struct http_request *out, struct http_text method)
{
	static const char *const known[] = {
		"POST", "PUT", "DELETE", "PATCH", "CONNECT", "TRACE",
	};

	out->method = method;
	out->head = http_text_is(&method, "HEAD");
	out->options = http_text_is(&method, "OPTIONS");
	if (out->head || out->options || http_text_is(&method, "GET"))
		return;
	out->refused = 501;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (http_text_is(&method, known[i]))
			out->refused = 405;
}

bool http_request_target(struct http_request *out, struct http_text target)
{
	const char *query;

	if (out->options && http_text_is(&target, "*"))
		return true;
	if (!target.len || *target.at != '/')
		return false;
	query = memchr(target.at, '?', target.len);
	out->path = target;
	if (query) {
		out->path.len = (size_t)(query - target.at);
		out->query = (struct http_text){ query, target.len - out->path.len };
	}
	return true;
}

/* Add a line to a list. */
static bool request_line(struct http_request *out, struct http_list *list,
			 const struct http_text *value)
{
	if (!list->line.at) {
		list->line = *value;
		return true;
	}
	if (out->line_count == HTTP_LINES_MAX)
		return false;
	while (list->next)
		list = list->next;
	list->next = &out->lines[out->line_count++];
	*list->next = (struct http_list){ .line = *value };
	return true;
}

enum field_kind {
	FIELD_ONCE,	/* a struct http_text */
	FIELD_LIST,	/* a struct http_list */
	FIELD_NOTE,	/* a struct http_text for the log: the last one is kept */
};

#define FIELD(name, member, kind) \
	{ name, sizeof(name) - 1, offsetof(struct http_request, member), kind }

bool http_request_field(struct http_request *out, const struct http_text *name,
			const struct http_text *value)
{
	static const struct {
		const char *name;
		size_t len;
		size_t at;		/* in struct http_request */
		enum field_kind kind;
	} wanted[] = {
		FIELD("range", range, FIELD_ONCE),
		FIELD("if-range", if_range, FIELD_ONCE),
		FIELD("if-match", if_match, FIELD_LIST),
		FIELD("if-none-match", if_none_match, FIELD_LIST),
		FIELD("if-modified-since", if_modified_since, FIELD_ONCE),
		FIELD("if-unmodified-since", if_unmodified_since, FIELD_ONCE),
		FIELD("accept", accept, FIELD_LIST),
		FIELD("referer", referer, FIELD_NOTE),
		FIELD("user-agent", agent, FIELD_NOTE),
		FIELD("accept-encoding", accept_encoding, FIELD_LIST),
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		void *at = (char *)out + wanted[i].at;
		struct http_text *text = at;

		if (name->len != wanted[i].len || strncasecmp(name->at, wanted[i].name, name->len))
			continue;
		if (wanted[i].kind == FIELD_LIST)
			return request_line(out, at, value);
		if (text->at && wanted[i].kind == FIELD_ONCE)
			return false;
		*text = *value;
		return true;
	}
	return true;
}

static bool host_span(const char **at, const char *end, const char *marks)
{
	const char *start = *at;

	for (; *at < end; ++*at) {
		unsigned char c = (unsigned char)**at;

		if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
		      (c && strchr(marks, c))))
			break;
	}
	return *at > start;
}

bool http_request_host_valid(const struct http_text *host)
{
	const char *at = host->at, *end;

	if (!host->len)
		return !host->at;
	end = at + host->len;
	if (*at == '[') {
		at++;
		if (!host_span(&at, end, ":.") || at == end || *at++ != ']')
			return false;
	} else if (!host_span(&at, end, "-._~%!$&'()*+;=")) {
		return false;
	}
	if (at < end && *at++ != ':')
		return false;
	for (; at < end; at++)
		if (*at < '0' || *at > '9')
			return false;
	return true;
}

static struct http_text host_portless(const struct http_text *host, enum http_scheme scheme)
{
	const char *port = scheme == HTTP_SCHEME_HTTPS ? ":443" : ":80";
	size_t len = strlen(port);

	if (host->len > len && !memcmp(host->at + host->len - len, port, len))
		return (struct http_text){ host->at, host->len - len };
	return *host;
}

bool http_request_host_same(const struct http_text *a, const struct http_text *b,
			    enum http_scheme scheme)
{
	struct http_text one = host_portless(a, scheme), other = host_portless(b, scheme);

	return one.len == other.len && !strncasecmp(one.at, other.at, one.len);
}
