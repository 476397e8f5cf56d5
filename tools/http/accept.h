/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_HTTP_ACCEPT_H
#define TOOLS_HTTP_ACCEPT_H

#include "tools/http/request.h"

/*
 * The weight that an Accept or Accept-Encoding field gives to something, in thousandths; 0 refuses it.
 * `names` describe it from the most specific ("text/html") to the most general (a wildcard) and end
 * with NULL: the first one that the field contains decides. -1: the field contains none of them.
 */
int http_accept(const struct http_list *field, const char *const *names);

#define HTTP_ENCODINGS	3

/* A content coding, and the suffix of files that are encoded with it. */
struct http_encoding {
	const char *name, *suffix;
};

/*
 * The content codings that an Accept-Encoding field prefers to none, best first, then NULL. Those of
 * equal weight are ordered by how small they make files.
 */
void http_accept_encoding(const struct http_list *field,
			  const struct http_encoding *out[HTTP_ENCODINGS + 1]);

#endif
