/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_CLEARTEXT_CLEARTEXT_H
#define TOOLS_SERVE_CLEARTEXT_CLEARTEXT_H

/*
 * HTTP/1.1 without TLS, for short answers: the redirection to https, metrics. A thread of its own
 * answers one request on each connection and closes it; who is slow is cut off after ten seconds, or
 * sooner when there are many. It has the strict parser of http1_head.h.
 */

#include <stdbool.h>
#include <stddef.h>
#include "tools/http/request.h"

struct cleartext;

/* What a route fills in; all zero is an empty answer with status 0, which is sent as 500. */
struct cleartext_response {
	int status;
	const char *type;		/* static; NULL: text/plain */
	char *body;			/* from malloc(), is taken over; NULL: the status in words */
	size_t body_len;
	char *location;			/* from malloc(), is taken over; NULL: none */
};

struct cleartext_route {
	const char *path;		/* exactly, without query; NULL: every path */
	bool any_method;		/* else others than GET and HEAD are refused here */
	/* Called in plain's thread; the request's texts live during the call. */
	void (*respond)(struct cleartext_response *out, const struct http_request *request,
			void *user);
	void *user;
};

/*
 * Answer on these listening sockets, which stay the caller's. The first route that fits answers;
 * the array and what it points at must live until cleartext_stop(). 0; -ENOMEM; -EMFILE; -EAGAIN.
 */
int cleartext_start(struct cleartext **out, const int *fds, size_t count,
		    const struct cleartext_route *routes, size_t route_count);
/* Takes no more connections, gives those that are there a second, ends the thread, frees. */
void cleartext_stop(struct cleartext *cleartext);

#endif
