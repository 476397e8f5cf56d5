/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HTTP_RESPONSE_H
#define TOOLS_SERVE_HTTP_RESPONSE_H

/*
 * What a request is answered with, whichever version of HTTP carries it: status, fields, content.
 * HTTP/1.1 and HTTP/2 only write it down. A worker has one struct response and makes each of its
 * answers in it:
 *
 *	response_make(response, site, &request);	or response_error(response, 400, &request, why)
 *	response_log(response, &request, conn);
 *	...write status and fields; they live until the next answer is made
 *	stream->body = response->body;	the writer's from here: body_free() when it was sent
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

/* Both lie in the answer's lines; the name in HTTP/1.1's customary case ("Content-Type"). */
struct response_field {
	const char *name, *value;
	size_t name_len, value_len;
};

struct response {
	int status;
	/* Date, Server, Content-Length and all others, but what belongs to a connection. */
	struct response_field fields[RESPONSE_FIELDS];
	unsigned field_count;
	size_t line_bytes;		/* of `lines` */
	/* Empty for HEAD, 304 and the like. Owned: give it on or free it before the next answer. */
	struct body body;
	const char *why;		/* for the log, static or strerror's; NULL: nothing to tell */

	/* the answer's own */
	struct site_cache *files;
	struct listing_cache listings;
	time_t date_at;			/* `date` was made for this second */
	char date[HTTP_DATE_SIZE];
	/* "Name: value\r\n" of each field, as HTTP/1.1 sends them: with the longest Location. */
	char lines[1024 + 3 * HTTP_PATH_MAX + HTTP_TARGET_LIMIT];
};

/* The cache is the caller's, or NULL. */
void response_init(struct response *response, struct site_cache *files);
/* When no content of its answers is on its way any more. */
void response_free(struct response *response);
/* Never fails: what goes wrong is an answer too. */
void response_make(struct response *out, const struct site *site,
		   const struct http_request *request);
/* A status of its own, for what the parser refused; why: as above. */
void response_error(struct response *out, int status, const struct http_request *request,
		    const char *why);
/* Tell the log when there is something to tell. */
void response_log(const struct response *response, const struct http_request *request,
		  const struct tlsring_conn *conn);

#endif
