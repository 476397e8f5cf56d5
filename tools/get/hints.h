/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_GET_HINTS_H
#define TOOLS_GET_HINTS_H

#include <stddef.h>
#include "tlsring.h"
#include "tools/get/url.h"

/* Why the connection to url's server ended, and what to do about it; writes into buf, returns it. */
const char *explain_end(char *buf, size_t room, const struct url *url, const struct tlsring_end *end);
/* What can be done about an answer that is not the file: "" or "; ...". */
const char *explain_status(int status);

#endif
