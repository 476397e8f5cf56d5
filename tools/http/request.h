/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_HTTP_REQUEST_H
#define TOOLS_HTTP_REQUEST_H

/*
 * What a request asks for, whichever version of HTTP brought it. A version's own parser calls
 * http_request_method() and http_request_target() once and http_request_field() for each field,
 * frames the message itself, and answers with answer_make() (answer.h).
 */

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define HTTP_HEAD_LIMIT		16384	/* bytes of a request's head */
#define HTTP_TARGET_LIMIT	8000	/* bytes of its target */
#define HTTP_FIELDS_LIMIT	100
#define HTTP_BODY_LIMIT		(1 << 20)	/* a larger body is not worth passing over */

/* Of the listener: whether TLS carries what it brings. */
enum http_scheme { HTTP_SCHEME_HTTPS, HTTP_SCHEME_HTTP };

/* Part of the received bytes; at is NULL when it did not come. */
struct http_text {
	const char *at;
	size_t len;
};

/* A field whose value is a list, which may come in several lines: they count as one (RFC 9110, 5.3). */
struct http_list {
	struct http_text line;
	struct http_list *next;		/* in the request's `lines`, or NULL */
};

#define HTTP_LINES_MAX	8		/* that follow first ones */

/* All texts are the caller's bytes, which must live until answer_make() returns. Not to be copied. */
struct http_request {
	struct http_text method;
	struct http_text path;		/* raw, from the first '/' up to the query */
	struct http_text query;		/* raw, with its '?' */
	struct http_text host;		/* Host or :authority, checked; may be empty */
	struct http_text range, if_range;
	struct http_text if_modified_since, if_unmodified_since;
	struct http_list if_match, if_none_match, accept, accept_encoding;
	struct http_text referer, agent;	/* for the log */
	bool head;			/* HEAD: no content in the answer */
	bool options;			/* OPTIONS */
	int refused;			/* status that answers a method which files do not answer to */
	unsigned line_count;
	struct http_list lines[HTTP_LINES_MAX];
};

/* Inline: of a word that is written there the compiler knows the length, which most often differs. */
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

/* Without blanks at both ends. */
struct http_text http_text_trim(const char *at, size_t len);
/* Takes the next element, trimmed, off a line of a comma-separated list; false at its end. */
bool http_text_element(struct http_text *list, struct http_text *element);

/* Also sets head, options and refused. */
void http_request_method(struct http_request *out, struct http_text method);
/* After the method. A target in origin-form gives path and query; "*" for OPTIONS gives neither.
 * False: it is none. */
bool http_request_target(struct http_request *out, struct http_text target);
/* A field that says what is asked for; others are passed over. The name in any case, the value
 * trimmed. False: a field that may come once came twice, or lists in too many lines, which calls for 400. */
bool http_request_field(struct http_request *out, const struct http_text *name, const struct http_text *value);
/* Host or :authority is a name or an address, perhaps with a port; or empty. */
bool http_request_host_valid(const struct http_text *host);
/* Two of these, valid or not, name the same: in any case, with or without the scheme's own port. */
bool http_request_host_same(const struct http_text *a, const struct http_text *b, enum http_scheme scheme);

#endif
