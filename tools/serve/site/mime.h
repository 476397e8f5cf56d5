/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_MIME_H
#define TOOLS_SERVE_SITE_MIME_H

#define MIME_FILE	"/etc/mime.types"
#define MIME_DEFAULT	"application/octet-stream"

struct mime;

/* 0 or -errno. */
int mime_load(struct mime **out, const char *file);
void mime_free(struct mime *mime);
/* A type ready for Content-Type, the caller's to free: text without a word on its encoding is taken
 * for UTF-8. NULL: out of memory. */
char *mime_complete(const char *type);
/* Media type of a file by the end of its name, ready for Content-Type; never NULL. mime may be
 * NULL. Lives as long as mime. */
const char *mime_type(const struct mime *mime, const char *name);

#endif
