// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>
#include "tools/serve/cleartext/redirect.h"

/* The host without its port. */
static struct http_text redirect_host(struct http_text host)
{
	const char *end = host.at && *host.at == '[' ? memchr(host.at, ']', host.len) : NULL;
	const char *start = end ? end : host.at;
	const char *colon = start ? memchr(start, ':', host.len - (size_t)(start - host.at)) : NULL;

	if (colon)
		host.len = (size_t)(colon - host.at);
	return host;
}

void redirect_respond(struct cleartext_response *out, const struct http_request *request,
		      void *user)
{
	const struct redirect *redirect = user;
	struct http_text host = redirect_host(request->host);
	char port[16] = "";

	out->status = 400;
	if (!host.len || !request->path.len)
		return;
	if (redirect->port != 443)
		snprintf(port, sizeof(port), ":%u", redirect->port);
	if (asprintf(&out->location, "https://%.*s%s%.*s%.*s", (int)host.len, host.at, port,
		     (int)request->path.len, request->path.at, (int)request->query.len,
		     request->query.at ? request->query.at : "") < 0) {
		out->location = NULL;
		out->status = 503;
		return;
	}
	out->status = request->refused || request->options ? 308 : 301;
}
