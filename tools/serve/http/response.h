/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HTTP_RESPONSE_H
#define TOOLS_SERVE_HTTP_RESPONSE_H

/*
 * The response to a request, whichever version of HTTP carries it: status, fields, body. A worker
 * has one struct response and makes all its responses in it:
 *
 *	response_make(response, site, &request);	or response_error(response, 400, ...)
 *	response_log(response, &request, conn);
 *	...send status and fields, which live until the next response is made
 *	stream->body = response->body;	the stream's from here: body_free() when it was sent
 */

#include "tools/serve/http/body.h"
#include "tools/http/date.h"
#include "tools/http/path.h"
#include "tools/http/request.h"
#include "tools/serve/site/listing_cache.h"

struct site;
struct site_cache;
struct tlsring_conn;

#define RESPONSE_FIELDS	16

/* Both point into the response's lines; the name is in the usual case ("Content-Type"). */
struct response_field {
	const char *name, *value;
	size_t name_len, value_len;
};

struct response {
	int status;
	/* All fields but those that describe the connection. */
	struct response_field fields[RESPONSE_FIELDS];
	unsigned field_count;
	size_t line_bytes;	/* of `lines` */
	/* Owned; empty for HEAD, 304 and the like. Hand it on or free it before the next
	 * response. */
	struct body body;
	const char *why;	/* of an error, for the log: static, or strerror's; or NULL */

	/* private */
	struct site_cache *files;
	struct listing_cache listings;
	time_t date_at;		/* the second that `date` tells */
	char date[HTTP_DATE_SIZE];
	/* "Name: value\r\n" of each field, as HTTP/1.1 sends them; has room for the longest
	 * Location. */
	char lines[1024 + 3 * HTTP_PATH_MAX + HTTP_TARGET_LIMIT];
};

/* files: the caller's, or NULL. */
void response_init(struct response *response, struct site_cache *files);
/* After the last body of its responses was freed. */
void response_free(struct response *response);
/* Respond to a request that was parsed. Never fails: an error makes an error response. */
void response_make(struct response *out, const struct site *site,
		   const struct http_request *request);
/* Respond with an error. why: for the log, as in struct response. */
void response_error(struct response *out, int status, const struct http_request *request,
		    const char *why);
/* Log why a response is an error, if there is a reason. */
void response_log(const struct response *response, const struct http_request *request,
		  const struct tlsring_conn *conn);

#endif
