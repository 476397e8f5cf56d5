// SPDX-License-Identifier: MIT
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "tools/serve/site/prebuilt.h"

#define PREBUILT_PAGE	4096u

static struct site_prebuilt *prebuilt_new(size_t head_len, const char *text, size_t len)
{
	size_t size = (head_len + len + PREBUILT_PAGE - 1) & ~(size_t)(PREBUILT_PAGE - 1);
	struct site_prebuilt *prebuilt = malloc(sizeof(*prebuilt));

	if (!prebuilt)
		return NULL;
	*prebuilt = (struct site_prebuilt){ .references = 1, .head_len = head_len };
	prebuilt->bytes = aligned_alloc(PREBUILT_PAGE, size);
	if (!prebuilt->bytes) {
		free(prebuilt);
		return NULL;
	}
	memcpy(prebuilt->bytes + head_len, text, len);
	return prebuilt;
}

/* A head of the same length, such as the next second's, replaces one that is not being sent. */
struct site_prebuilt *site_prebuilt_get(struct site_prebuilt **kept, const char *head,
					size_t head_len, const char *text, size_t len)
{
	struct site_prebuilt *prebuilt = *kept;
	bool fits = prebuilt && prebuilt->head_len == head_len,
	     same = fits && !memcmp(prebuilt->bytes, head, head_len);

	if (!same && !(fits && prebuilt->references == 1)) {
		site_prebuilt_put(prebuilt);
		*kept = prebuilt = prebuilt_new(head_len, text, len);
		if (!prebuilt)
			return NULL;
	}
	if (!same)
		memcpy(prebuilt->bytes, head, head_len);
	prebuilt->references++;
	return prebuilt;
}

void site_prebuilt_put(struct site_prebuilt *prebuilt)
{
	if (!prebuilt || --prebuilt->references)
		return;
	free(prebuilt->bytes);
	free(prebuilt);
}
