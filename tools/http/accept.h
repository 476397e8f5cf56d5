/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_HTTP_ACCEPT_H
#define TOOLS_HTTP_ACCEPT_H

#include "tools/http/request.h"

/* What an Accept or Accept-Encoding field says of something: names, NULL at their end, from the
 * most particular ("text/html") to the most general, which a wildcard is. Thousandths (0: not
 * wanted) of the first of them that the field has; -1: it has none. */
int http_accept(const struct http_list *field, const char *const *names);

#endif
