// SPDX-License-Identifier: MIT
#include <stdbool.h>
#include <string.h>
#include "tools/http/path.h"

static int path_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decode the byte at *at and advance; -400 or -404 for http_path_decode(). */
static int path_byte(const char **at, const char *end)
{
	int high, low, value;

	if (**at == '#')
		return -400;
	if (**at != '%')
		return (unsigned char)*(*at)++;
	if (end - *at < 3)
		return -400;
	high = path_hex((*at)[1]);
	low = path_hex((*at)[2]);
	if (high < 0 || low < 0)
		return -400;
	value = high << 4 | low;
	if (!value)
		return -400;
	*at += 3;
	/* An encoded slash is part of a name, but no file's name contains one. */
	return value == '/' ? -404 : value;
}

/* Remove "." and ".." segments (RFC 3986, 5.2.4); a ".." at the top is the top itself. */
static void path_resolve(char *path)
{
	char *to = path;

	for (const char *from = path, *next; *from; from = next) {
		size_t len = strcspn(from, "/"), whole = len + (from[len] == '/');

		next = from + whole;
		if (len == 1 && *from == '.')
			continue;
		if (len == 2 && from[0] == '.' && from[1] == '.') {
			/* Back to behind the slash before the last segment. */
			if (to > path)
				to--;
			while (to > path && to[-1] != '/')
				to--;
			continue;
		}
		memmove(to, from, whole);
		to += whole;
	}
	*to = '\0';
}

static bool path_hides(const char *path, enum http_path_dots dots)
{
	static const char known[] = ".well-known/";
	const char *name = path, *end;

	for (; *name; name = *end ? end + 1 : end) {
		size_t len = strcspn(name, "/");

		end = name + len;
		if (*name != '.')
			continue;
		if (dots == HTTP_PATH_HIDE_DOTS &&
		    (name != path || strncmp(path, known, strlen(known))))
			return true;
	}
	return false;
}

int http_path_decode(const char *raw, size_t len, enum http_path_dots dots, char out[HTTP_PATH_MAX])
{
	const char *at = raw, *end = raw + len;
	bool none = false;
	size_t used = 0;

	if (!len || *raw != '/')
		return 400;
	while (at < end) {
		bool doubled = *at == '/' && (!used || out[used - 1] == '/');
		int c = path_byte(&at, end);

		if (c == -400)
			return 400;
		if (c < 0 || used + 1 >= HTTP_PATH_MAX)
			none = true;
		if (!none && !doubled)
			out[used++] = (char)c;
	}
	out[used] = '\0';
	path_resolve(out);
	return none || path_hides(out, dots) ? 404 : 0;
}

static bool path_unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-._~/", c));
}

size_t http_path_encode(const char *path, char *out, size_t room)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t used = 0;

	if (!room)
		return 0;
	out[used++] = '/';
	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;

		if (room - used < 3)
			return 0;
		if (path_unreserved(c)) {
			out[used++] = (char)c;
			continue;
		}
		out[used++] = '%';
		out[used++] = digits[c >> 4];
		out[used++] = digits[c & 15];
	}
	return used;
}
