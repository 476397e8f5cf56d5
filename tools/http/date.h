/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_HTTP_DATE_H
#define TOOLS_HTTP_DATE_H

#include <stddef.h>
#include <time.h>

#define HTTP_DATE_SIZE	30	/* "Sun, 06 Nov 1994 08:49:37 GMT" and its NUL */

/* Write an IMF-fixdate. The length is always the same: a year without four digits becomes 1970. */
void http_date_format(time_t when, char buf[HTTP_DATE_SIZE]);
/* Read any of the three forms of RFC 9110, 5.6.7; -1: text is none of them. */
time_t http_date_parse(const char *text, size_t len);

#endif
