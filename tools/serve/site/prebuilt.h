/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_PREBUILT_H
#define TOOLS_SERVE_SITE_PREBUILT_H

#include <stddef.h>

/*
 * A head and the text behind it in one piece. Equal responses share it instead of copying the text.
 * It begins at a page, which makes it cheapest to pin for the kernel. One thread.
 */
struct site_prebuilt {
	unsigned references;
	size_t head_len;
	char *bytes;
};

/* bytes; copying a shorter text costs as little */
#define SITE_PREBUILT_MIN	4096

/* The piece with this head: *kept has it, or becomes it. A reference, or NULL: out of memory.
 * *kept: NULL or a reference, always for the same text. */
struct site_prebuilt *site_prebuilt_get(struct site_prebuilt **kept, const char *head,
					size_t head_len, const char *text, size_t len);
/* NULL is fine. */
void site_prebuilt_put(struct site_prebuilt *prebuilt);

#endif
