// SPDX-License-Identifier: MIT
#include <string.h>
#include <strings.h>
#include "tools/http/request1.h"
#include "tools/vendor/picohttpparser/picohttpparser.h"

/*
 * Length up to and including the empty line; 0: it has not arrived; -400: a line ends without CR,
 * which parsers interpret differently (request smuggling).
 */
static int head_length(const char *data, size_t len)
{
	const char *line = data, *end = data + len, *feed;

	while ((feed = memchr(line, '\n', (size_t)(end - line)))) {
		if (feed == data || feed[-1] != '\r')
			return -400;
		/* Skip an empty line before the request. */
		if (feed - line == 1 && line > data + 2)
			return (int)(feed + 1 - data);
		line = feed + 1;
	}
	return 0;
}

/* Is it a well-formed request line with another version, such as "HTTP/2.0"? */
static bool head_other_version(const char *data, size_t len)
{
	const char *end = memchr(data, '\n', len);
	const char *at;

	if (!end || end - data < 10)
		return false;
	at = end - 1 - 8;
	if (at[-1] != ' ' || strncmp(at, "HTTP/", 5))
		return false;
	return at[5] >= '0' && at[5] <= '9' && at[6] == '.' && at[7] >= '0' && at[7] <= '9' &&
	       at[5] != '1';
}

static bool head_number(const struct http_text *text, uint64_t *out)
{
	uint64_t value = 0;

	/* 18 digits cannot overflow. */
	if (!text->len || text->len > 18)
		return false;
	for (size_t i = 0; i < text->len; i++) {
		if (text->at[i] < '0' || text->at[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(text->at[i] - '0');
	}
	*out = value;
	return true;
}

/* The fields that frame a message, collected. */
struct framing {
	unsigned hosts, lengths, codings;
	struct http_text length, coding;
	bool close, keep_alive, expects;
};

static void head_connection(struct framing *framing, struct http_text list)
{
	struct http_text option;

	while (http_text_element(&list, &option)) {
		framing->close |= http_text_is_nocase(&option, "close");
		framing->keep_alive |= http_text_is_nocase(&option, "keep-alive");
	}
}

/* Take a field. False: a single field was repeated. */
static bool head_field(struct http_request *out, struct framing *framing,
			  const struct http_text *name, const struct http_text *value)
{
	if (http_text_is_nocase(name, "host")) {
		out->host = *value;
		framing->hosts++;
	} else if (http_text_is_nocase(name, "content-length")) {
		framing->length = *value;
		framing->lengths++;
	} else if (http_text_is_nocase(name, "transfer-encoding")) {
		framing->coding = *value;
		framing->codings++;
	} else if (http_text_is_nocase(name, "connection")) {
		head_connection(framing, *value);
	} else if (http_text_is_nocase(name, "expect")) {
		framing->expects = true;
	} else {
		return http_request_field(out, name, value);
	}
	return true;
}

static int head_body(struct http1_head *out, const struct framing *framing, const char **why)
{
	if (framing->codings && framing->lengths) {
		*why = "Transfer-Encoding and Content-Length in one request";
		return -400;
	}
	if (framing->lengths > 1) {
		*why = "more than one Content-Length";
		return -400;
	}
	if (framing->lengths && !head_number(&framing->length, &out->body)) {
		*why = "a Content-Length that is no number";
		return -400;
	}
	if (out->body > HTTP_BODY_LIMIT) {
		*why = "a body that is too large";
		return -413;
	}
	if (!framing->codings)
		return 0;
	if (framing->codings > 1 || out->http10) {
		*why = out->http10 ? "Transfer-Encoding in HTTP/1.0" :
				     "more than one Transfer-Encoding";
		return -400;
	}
	if (!http_text_is_nocase(&framing->coding, "chunked")) {
		*why = "a Transfer-Encoding other than chunked";
		return -501;
	}
	out->endless = true;
	return 0;
}

static int head_host(const struct http1_head *out, const struct framing *framing, const char **why)
{
	if (framing->hosts > 1) {
		*why = "more than one Host";
		return -400;
	}
	if (!framing->hosts && !out->http10) {
		*why = "no Host";
		return -400;
	}
	if (out->request.host.at && !out->request.host.len) {
		*why = "an empty Host";
		return -400;
	}
	if (!http_request_host_valid(&out->request.host)) {
		*why = "an invalid Host";
		return -400;
	}
	return 0;
}

/* Reduce a target in absolute-form to path and query. Its host counts, not the Host field (RFC
 * 9112, 3.2.2). */
static int head_absolute(struct http_request *out, struct http_text *target, size_t start)
{
	struct http_text host = { target->at + start, 0 };

	while (start + host.len < target->len && host.at[host.len] != '/' &&
	       host.at[host.len] != '?')
		host.len++;
	if (!host.len || !http_request_host_valid(&host))
		return -400;
	out->host = host;
	target->len -= start + host.len;
	target->at += start + host.len;
	return 0;
}

/* Set the target, in origin-form or absolute-form. */
static int head_target(struct http_request *out, struct http_text target, enum http_scheme scheme,
		       const char **why)
{
	const char *name = scheme == HTTP_SCHEME_HTTPS ? "https://" : "http://";
	size_t start = strlen(name);
	int ret;

	*why = "a target that is no path";
	if (target.len > start && !strncasecmp(target.at, name, start)) {
		ret = head_absolute(out, &target, start);
		if (ret)
			return ret;
		/* Without a path: the root, or for OPTIONS the server itself. */
		if (!target.len)
			target = (struct http_text){ out->options ? "*" : "/", 1 };
		if (*target.at == '?') {
			out->path = (struct http_text){ "/", 1 };
			out->query = target;
			return 0;
		}
	}
	return http_request_target(out, target) ? 0 : -400;
}

/* Is text a token (RFC 9110, 5.6.2)? picohttpparser takes any printable characters. */
static bool head_token(const struct http_text *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (strchr("()<>@,;:\\\"/[]?={}", text->at[i]) || text->at[i] < 0)
			return false;
	return text->len;
}

static int head_fields(struct http1_head *out, const struct phr_header *fields, size_t count,
			  const char **why)
{
	struct framing framing = { 0 };
	int ret;

	for (size_t i = 0; i < count; i++) {
		struct http_text name = { fields[i].name, fields[i].name_len };
		struct http_text value = http_text_trim(fields[i].value, fields[i].value_len);

		if (!name.at) {
			*why = "a field folded over two lines";
			return -400;
		}
		if (!head_field(&out->request, &framing, &name, &value)) {
			*why = "a field that came too often";
			return -400;
		}
	}
	ret = head_body(out, &framing, why);
	if (!ret)
		ret = head_host(out, &framing, why);
	if (ret)
		return ret;
	out->keep_alive = !framing.close && (!out->http10 || framing.keep_alive);
	/* With "Expect: 100-continue" the client may or may not send the body after a final
	 * response. */
	if (out->endless || (framing.expects && out->body))
		out->keep_alive = false;
	return 0;
}

static int head_partial(const char *data, size_t len, size_t limit, const char **why)
{
	const char *end = memchr(data, '\n', len);

	if ((end ? (size_t)(end - data) : len) > HTTP_TARGET_LIMIT + 64) {
		*why = "a target that is too long";
		return -414;
	}
	if (len >= limit) {
		*why = "a head that is too long";
		return -431;
	}
	return 0;
}

int http1_head_parse(const char *data, size_t len, size_t limit, enum http_scheme scheme,
		     struct http1_head *out, const char **why)
{
	struct phr_header fields[HTTP_FIELDS_LIMIT];
	size_t count = HTTP_FIELDS_LIMIT;
	struct http_text method, target;
	int minor, ret, head = head_length(data, len);

	*out = (struct http1_head){ 0 };
	*why = "a line that ends without CR";
	if (head < 0)
		return head;
	ret = head_partial(data, head ? (size_t)head : len, limit, why);
	if (ret || !head)
		return ret;
	*why = "not HTTP";
	ret = phr_parse_request(data, (size_t)head, &method.at, &method.len, &target.at,
				&target.len, &minor, fields, &count, 0);
	if (ret < 0 && head_other_version(data, (size_t)head)) {
		*why = "a version other than HTTP/1";
		return -505;
	}
	if (ret < 0 && count >= HTTP_FIELDS_LIMIT) {
		*why = "too many fields";
		return -431;
	}
	if (ret != head || !head_token(&method) || !target.len)
		return -400;
	out->http10 = !minor;
	ret = head_fields(out, fields, count, why);
	if (ret)
		return ret;
	http_request_method(&out->request, method);
	/* A method that is refused may have a target of another form. */
	ret = head_target(&out->request, target, scheme, why);
	return ret && !out->request.refused ? ret : head;
}
