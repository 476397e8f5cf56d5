/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_CLEARTEXT_CLEARTEXT_H
#define TOOLS_SERVE_CLEARTEXT_CLEARTEXT_H

/*
 * HTTP/1.1 without TLS, for short responses: the redirect to https, metrics. A thread of its own
 * responds to one request on each connection and closes it. Slow clients are cut off after ten
 * seconds, or sooner when there are many. Requests are parsed as strictly as over TLS (request1.h).
 */

#include <stdbool.h>
#include <stddef.h>
#include "tools/http/request.h"

struct cleartext;

/* A route's response; all zero is sent as an empty 500. */
struct cleartext_response {
	int status;
	const char *type;	/* static; NULL: text/plain */
	char *body;	/* from malloc(), taken over; NULL: the status in words */
	size_t body_len;
	char *location;	/* from malloc(), taken over; NULL: none */
};

struct cleartext_route {
	const char *path;	/* matches exactly, without the query; NULL: every path */
	bool any_method;	/* otherwise methods other than GET and HEAD are refused */
	/* Called in the cleartext thread; the request's texts live during the call. */
	void (*respond)(struct cleartext_response *out, const struct http_request *request,
			void *user);
	void *user;
};

/*
 * Serve on these listening sockets, which stay the caller's. enter: called in the thread before it
 * serves, to put it into a sandbox; or NULL. The first route that matches responds; the array and
 * what it points to must live until cleartext_stop(). 0; -ENOMEM; -EMFILE; -EAGAIN.
 */
int cleartext_start(struct cleartext **out, const int *fds, size_t count,
		    const struct cleartext_route *routes, size_t route_count, void (*enter)(void));
/* Accept no more connections, give the open ones a second, end the thread, free. NULL is fine. */
void cleartext_stop(struct cleartext *cleartext);

#endif
