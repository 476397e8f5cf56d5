/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_HTTP_CODING_H
#define TOOLS_HTTP_CODING_H

#include "tools/http/request.h"

#define CODING_COUNT	3

/* A content coding, and how the name of a file ends that is so encoded. */
struct coding {
	const char *name, *suffix;
};

/* The codings that an Accept-Encoding field prefers to no coding, best first, then NULL. Of those
 * that it likes equally ours come first that make files smaller. */
void coding_choose(const struct http_list *accept_encoding, const struct coding *out[CODING_COUNT + 1]);

#endif
