/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_GET_HINTS_H
#define TOOLS_GET_HINTS_H

#include <stddef.h>
#include "tlsring.h"
#include "tools/get/url.h"

/* Describe why the connection to the server of url ended, with a remedy where one is known. Returns
 * buf. */
const char *hints_end(char *buf, size_t room, const struct url *url, const struct tlsring_end *end);
/* A remedy for an HTTP error, as the end of a sentence: "" or "; ...". */
const char *hints_status(int status);

#endif
