// SPDX-License-Identifier: MIT
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "tools/serve/http2/request.h"

#define REQUEST_FIELD_COST	32	/* RFC 9113, 6.5.2 */

struct http2_request *http2_request_new(size_t limit)
{
	struct http2_request *request = malloc(sizeof(*request));

	if (!request)
		return NULL;
	memset(request, 0, offsetof(struct http2_request, bytes));
	request->limit = limit;
	return request;
}

static void request_refuse(struct http2_request *request, int status, const char *why)
{
	if (request->status)
		return;
	request->status = status;
	request->why = why;
}

static struct http_text request_keep(struct http2_request *request, const struct http_text *value)
{
	struct http_text kept = { request->bytes + request->used, value->len };

	memcpy(request->bytes + request->used, value->at, value->len);
	request->used += value->len;
	return kept;
}

static void request_pseudo(struct http2_request *request, const struct http_text *name,
			   const struct http_text *value)
{
	if (http_text_is(name, ":method"))
		http_request_method(&request->parsed, request_keep(request, value));
	else if (http_text_is(name, ":path"))
		request->target = request_keep(request, value);
	else if (http_text_is(name, ":authority"))
		request->authority = request_keep(request, value);
}

void http2_request_field(struct http2_request *request, const struct http_text *name,
			 const struct http_text *value)
{
	struct http_text kept;

	request->size += name->len + value->len + REQUEST_FIELD_COST;
	if (request->size > request->limit || ++request->fields > HTTP_FIELDS_LIMIT)
		request_refuse(request, 431, "a head that is too long");
	if (request->status)
		return;
	if (name->at[0] == ':') {
		request_pseudo(request, name, value);
		return;
	}
	kept = request_keep(request, value);
	if (http_text_is(name, "host")) {
		if (request->host.at)
			request_refuse(request, 400, "more than one Host");
		request->host = kept;
	} else if (!http_request_field(&request->parsed, name, &kept)) {
		request_refuse(request, 400, "a field that came too often");
	}
}

bool http2_request_finish(struct http2_request *request)
{
	struct http_request *parsed = &request->parsed;

	parsed->host = request->authority.at ? request->authority : request->host;
	if (request->target.len > HTTP_TARGET_LIMIT)
		request_refuse(request, 414, "a target that is too long");
	if (request->authority.at && request->host.at &&
	    !http_request_host_same(&request->authority, &request->host, HTTP_SCHEME_HTTPS))
		request_refuse(request, 400, "a Host that is not the :authority");
	if (!http_request_host_valid(&parsed->host))
		request_refuse(request, 400, "an invalid Host");
	if (!request->status && !parsed->refused && !http_request_target(parsed, request->target))
		request_refuse(request, 400, "a target that is no path");
	return !request->status;
}
