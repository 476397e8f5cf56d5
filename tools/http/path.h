/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_HTTP_PATH_H
#define TOOLS_HTTP_PATH_H

#include <stddef.h>

#define HTTP_PATH_MAX	4096	/* a decoded path and its NUL */

enum http_path_dots {
	HTTP_PATH_HIDE_DOTS,		/* do not serve names that begin with a dot, except the
					 * folder .well-known at the top (RFC 8615) */
	HTTP_PATH_SHOW_DOTS,
};

/*
 * Turn the path of a request target (from its first '/' up to '?') into a path relative to the
 * served folder: decoded, without leading or doubled slashes, without "." and ".." segments; "" is
 * the folder itself. 0, or the HTTP status of the refusal: 400 for a malformed path, 404 for names
 * that are never served (those with an encoded slash, those that are too long, and those that
 * `dots` hides).
 */
int http_path_decode(const char *raw, size_t len, enum http_path_dots dots,
		     char out[HTTP_PATH_MAX]);
/* Encode a relative path with a leading slash, for Location. Bytes written, without a NUL; 0: there
 * is too little room. */
size_t http_path_encode(const char *path, char *out, size_t room);

#endif
