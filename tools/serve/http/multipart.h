/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HTTP_MULTIPART_H
#define TOOLS_SERVE_HTTP_MULTIPART_H

#include "tools/serve/http/body.h"
#include "tools/http/range.h"

#define MULTIPART_BOUNDARY	33	/* with its NUL */

/* Make a multipart/byteranges body of several spans of a file. Takes over the file's reference on
 * success. 0; -ENOMEM; -errno when there are no random numbers for the boundary. */
int multipart_make(struct body *out, struct site_file *file, const char *type,
		   const struct http_span *spans, unsigned count,
		   char boundary[MULTIPART_BOUNDARY]);

#endif
