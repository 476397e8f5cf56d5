/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HTTP_RESPONSE_H
#define TOOLS_SERVE_HTTP_RESPONSE_H

/*
 * The response to a request, whichever version of HTTP carries it: status, fields, body. A worker
 * has one struct response and makes all its responses in it:
 *
 *	response_make(response, site, &request);	or response_error(response, 400, ...)
 *	response_log(response, &request.path, conn);
 *	...send status and fields, which live until the next response is made
 *	stream->body = response->body;	the stream's from here: body_free() when it was sent
 *
 * Where response_make() returns false the response takes longer: response_wait() says when it is
 * made.
 */

#include "tools/serve/http/body.h"
#include "tools/http/date.h"
#include "tools/http/path.h"
#include "tools/http/request.h"
#include "tools/serve/site/lister.h"

struct site;
struct site_cache;
struct tlsring_conn;

#define RESPONSE_FIELDS	16

/* Both point into the response's lines; the name is in the usual case ("Content-Type"). */
struct response_field {
	const char *name, *value;
	size_t name_len, value_len;
};

/* A response that must be waited for; private. */
struct response_later {
	const struct site *site;
	struct listing_form form;
	bool head;
	char path[HTTP_PATH_MAX];
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
	struct lister_client *lister;
	struct response_later later;
	time_t date_at;		/* the second that `date` tells */
	char date[HTTP_DATE_SIZE];
	/* "Name: value\r\n" of each field, as HTTP/1.1 sends them; has room for the longest
	 * Location. */
	char lines[1024 + 3 * HTTP_PATH_MAX + HTTP_TARGET_LIMIT];
};

/* files: the caller's, or NULL. lister: the caller's. */
void response_init(struct response *response, struct site_cache *files,
		   struct lister_client *lister);
/* Respond to a request that was parsed: an error makes an error response. False: it takes longer,
 * call response_wait() before anything else. */
bool response_make(struct response *out, const struct site *site,
		   const struct http_request *request);
/* Respond with an error. why: for the log, as in struct response. */
void response_error(struct response *out, int status, const struct http_request *request,
		    const char *why);
/* Log why a response is an error, if there is a reason. path: of the request, as it came. */
void response_log(const struct response *response, const struct http_text *path,
		  const struct tlsring_conn *conn);

/* Somebody who waits for a response. */
struct response_wait {
	struct lister_waiter lister;
	struct response *out;
	const struct site *site;
	bool head, json;
	/* The caller's. done() is called once, from the engine's loop: the response is made. */
	void (*done)(struct response_wait *wait);
	void *user;
};

/* Wait for the response, until done() or response_cancel(); the site must live as long. False: an
 * error response was made instead. */
bool response_wait(struct response *out, struct response_wait *wait);

static inline void response_cancel(struct response_wait *wait)
{
	lister_cancel(&wait->lister);
}

#endif
