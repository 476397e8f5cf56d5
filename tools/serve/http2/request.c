// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>
#include "tools/serve/http2/request.h"

#define HEAD_FIELD_COST	32	/* RFC 9113, 6.5.2 */

struct http2_head *http2_head_new(size_t limit)
{
	struct http2_head *head = malloc(sizeof(*head));

	if (!head)
		return NULL;
	memset(head, 0, offsetof(struct http2_head, bytes));
	head->limit = limit;
	return head;
}

static void head_refuse(struct http2_head *head, int status, const char *why)
{
	if (head->status)
		return;
	head->status = status;
	head->why = why;
}

static struct http_text head_keep(struct http2_head *head, const struct http_text *value)
{
	struct http_text kept = { head->bytes + head->used, value->len };

	memcpy(head->bytes + head->used, value->at, value->len);
	head->used += value->len;
	return kept;
}

static void head_pseudo(struct http2_head *head, const struct http_text *name, const struct http_text *value)
{
	if (http_text_is(name, ":method"))
		http_request_method(&head->request, head_keep(head, value));
	else if (http_text_is(name, ":path"))
		head->target = head_keep(head, value);
	else if (http_text_is(name, ":authority"))
		head->authority = head_keep(head, value);
}

void http2_head_field(struct http2_head *head, const struct http_text *name, const struct http_text *value)
{
	struct http_text kept;

	head->size += name->len + value->len + HEAD_FIELD_COST;
	if (head->size > head->limit || ++head->fields > HTTP_FIELDS_LIMIT)
		head_refuse(head, 431, "a head that is too long");
	if (head->status)
		return;
	if (name->at[0] == ':') {
		head_pseudo(head, name, value);
		return;
	}
	kept = head_keep(head, value);
	if (http_text_is(name, "host")) {
		if (head->host.at)
			head_refuse(head, 400, "more than one Host");
		head->host = kept;
	} else if (!http_request_field(&head->request, name, &kept)) {
		head_refuse(head, 400, "a field that came too often");
	}
}

bool http2_head_finish(struct http2_head *head)
{
	struct http_request *request = &head->request;

	request->host = head->authority.at ? head->authority : head->host;
	if (head->target.len > HTTP_TARGET_LIMIT)
		head_refuse(head, 414, "a target that is too long");
	if (head->authority.at && head->host.at &&
	    !http_request_host_same(&head->authority, &head->host, HTTP_SCHEME_HTTPS))
		head_refuse(head, 400, "a Host that is not the :authority");
	if (!http_request_host_valid(&request->host))
		head_refuse(head, 400, "a Host that is none");
	if (!head->status && !request->refused && !http_request_target(request, head->target))
		head_refuse(head, 400, "a target that is no path");
	return !head->status;
}
