/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_MIME_H
#define TOOLS_SERVE_SITE_MIME_H

#define MIME_FILE	"/etc/mime.types"
#define MIME_DEFAULT	"application/octet-stream"

struct mime;

/* Read a file of lines "TYPE EXTENSION..."; all of it or nothing. 0 or -errno. */
int mime_load(struct mime **out, const char *file);
void mime_free(struct mime *mime);
/* Complete a type for Content-Type: text of no given charset is UTF-8. For free(); NULL: out of
 * memory. */
char *mime_complete(const char *type);
/* The type of a file by its extension, complete for Content-Type, never NULL; lives as long as
 * mime, which may be NULL. */
const char *mime_type(const struct mime *mime, const char *name);

#endif
