/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SITE_PREBUILT_H
#define TOOLS_SERVE_SITE_PREBUILT_H

#include <stddef.h>

/*
 * A text behind its head, in one piece: answers that are alike share it, and need not copy the text each. It begins
 * with a page, as the kernel, which pins it page by page to seal it, has it cheapest. One thread.
 */
struct site_prebuilt {
	unsigned references;
	size_t head_len;
	char *bytes;
};

/* Whatever is shorter is copied as fast. */
#define SITE_PREBUILT_MIN	4096

/* What *kept has, if it is of this head; else *kept becomes that. A reference, or NULL: no memory. *kept is NULL or a
 * reference, always of the same text. */
struct site_prebuilt *site_prebuilt_get(struct site_prebuilt **kept, const char *head,
					size_t head_len, const char *text, size_t len);
/* NULL is fine. */
void site_prebuilt_put(struct site_prebuilt *prebuilt);

#endif
