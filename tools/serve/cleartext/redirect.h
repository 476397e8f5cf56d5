/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_CLEARTEXT_REDIRECT_H
#define TOOLS_SERVE_CLEARTEXT_REDIRECT_H

#include "tools/serve/cleartext/cleartext.h"

/* Redirects to the same host and path over https. */
struct redirect {
	unsigned port;	/* of the https server, as clients see it */
};

/* A route's respond(); user: a struct redirect. 301, or 308 where the method must not change. */
void redirect_respond(struct cleartext_response *out, const struct http_request *request,
		      void *user);

#endif
