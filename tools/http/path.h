/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_HTTP_PATH_H
#define TOOLS_HTTP_PATH_H

#include <stddef.h>

#define HTTP_PATH_MAX	4096	/* a decoded path and its NUL */

enum http_path_dots {
	HTTP_PATH_HIDE_DOTS,		/* names that begin with a dot are never served, but for the
					 * folder .well-known at the top (RFC 8615) */
	HTTP_PATH_SHOW_DOTS,
};

/*
 * The path of a request target (from its first '/' up to '?') as a path relative to the served
 * folder: decoded, without leading or doubled slashes; "" is the folder itself. 0, or the HTTP
 * status that answers it: 400 for what is no path, 404 for names that are never served ("." and
 * "..", which clients resolve themselves, names with an encoded slash, names that are too long,
 * and what `dots` hides).
 */
int http_path_decode(const char *raw, size_t len, enum http_path_dots dots, char out[HTTP_PATH_MAX]);
/* The reverse, with a leading slash, for Location. Bytes written (no NUL), 0 when room is short. */
size_t http_path_encode(const char *path, char *out, size_t room);

#endif
