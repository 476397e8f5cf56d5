/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_HTTP_REQUEST_H
#define TOOLS_HTTP_REQUEST_H

/*
 * A request, independent of the version of HTTP. The parser of a version calls
 * http_request_method() and http_request_target() once and http_request_field() for each field; it
 * frames the message and sends the response.
 */

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define HTTP_HEAD_LIMIT		16384	/* bytes of a request's head */
#define HTTP_TARGET_LIMIT	8000	/* bytes of its target */
#define HTTP_FIELDS_LIMIT	100
#define HTTP_BODY_LIMIT (1 << 20) /* a larger body is not skipped: the connection ends */

/* The scheme of a listener: with TLS or without. */
enum http_scheme { HTTP_SCHEME_HTTPS, HTTP_SCHEME_HTTP };

/* Part of the received bytes; at is NULL if the request has no such part. */
struct http_text {
	const char *at;
	size_t len;
};

/* A field whose value is a list: several lines count as one (RFC 9110, 5.3). */
struct http_list {
	struct http_text line;
	struct http_list *next;		/* in http_request.lines, or NULL */
};

#define HTTP_LINES_MAX	8		/* additional lines of lists */

/* All texts point into the received bytes. Do not copy the structure: lists point into it. */
struct http_request {
	struct http_text method;
	struct http_text path;		/* raw, from the first '/' up to the query */
	struct http_text query;		/* raw, with its '?' */
	struct http_text host;		/* Host or :authority, checked; may be missing */
	struct http_text range, if_range;
	struct http_text if_modified_since, if_unmodified_since;
	struct http_list if_match, if_none_match, accept, accept_encoding;
	struct http_text referer, agent;	/* for the log */
	bool head;			/* HEAD: a response without content */
	bool options;			/* OPTIONS */
	int refused; /* status that refuses the method; 0: GET, HEAD or OPTIONS */
	unsigned line_count;
	struct http_list lines[HTTP_LINES_MAX];
};

/* Inline, so that strlen() of a literal is a constant: most often the lengths differ. */
static inline bool http_text_is(const struct http_text *text, const char *word)
{
	size_t len = strlen(word);

	return text->len == len && !memcmp(text->at, word, len);
}

static inline bool http_text_is_nocase(const struct http_text *text, const char *word)
{
	size_t len = strlen(word);

	return text->len == len && !strncasecmp(text->at, word, len);
}

/* Remove blanks at both ends. */
struct http_text http_text_trim(const char *at, size_t len);
/* Take the next element, trimmed, off a line of a comma-separated list; false at its end. */
bool http_text_element(struct http_text *list, struct http_text *element);

/* Set the method, and with it head, options and refused. */
void http_request_method(struct http_request *out, struct http_text method);
/* Set path and query from a target in origin-form; "*" of OPTIONS has neither. Call it after
 * http_request_method(). False: the target is not valid. */
bool http_request_target(struct http_request *out, struct http_text target);
/* Take a field; those that do not matter are ignored. The name may be in any case, the value must
 * be trimmed. False: a single field was repeated, or a list has too many lines; answer with 400. */
bool http_request_field(struct http_request *out, const struct http_text *name,
			const struct http_text *value);
/* Is Host or :authority empty, or a name or address, with or without a port? */
bool http_request_host_valid(const struct http_text *host);
/* Do two of them name the same server? Case does not matter, nor does the scheme's default port. */
bool http_request_host_same(const struct http_text *a, const struct http_text *b,
			    enum http_scheme scheme);

#endif
