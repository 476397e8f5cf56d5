/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_HTTP_ACCEPT_H
#define TOOLS_HTTP_ACCEPT_H

#include "tools/http/request.h"

/*
 * The weight that an Accept or Accept-Encoding field gives to a media type or coding, in
 * thousandths; 0: the client refuses it. `names` go from the most specific ("text/html") to the
 * most general (a wildcard) and end with NULL; the first that the field contains decides. -1: it
 * contains none.
 */
int http_accept(const struct http_list *field, const char *const *names);

#define HTTP_ENCODINGS	3

/* A content coding, and the suffix of the names of encoded files. */
struct http_encoding {
	const char *name, *suffix;
};

/*
 * List the content codings that an Accept-Encoding field weighs at least as high as no coding, best
 * first, then NULL. Of equal weights the one that makes files smaller comes first.
 */
void http_accept_encoding(const struct http_list *field,
			  const struct http_encoding *out[HTTP_ENCODINGS + 1]);

#endif
