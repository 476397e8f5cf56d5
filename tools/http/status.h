/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_HTTP_STATUS_H
#define TOOLS_HTTP_STATUS_H

/* The statuses that this server sends; all others become "500 Internal Server Error". Static
 * texts. */

/* "404 Not Found", as it stands in HTTP/1.1's status line. */
const char *http_status_line(int status);
/* The same with a line feed behind it: the body of a response that has no page of its own. */
const char *http_status_body(int status);

#endif
