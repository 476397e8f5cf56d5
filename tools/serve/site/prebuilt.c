// SPDX-License-Identifier: MIT
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "tools/serve/site/prebuilt.h"

#define READY_PAGE	4096u

static struct site_ready *ready_new(size_t head_len, const char *text, size_t len)
{
	size_t size = (head_len + len + READY_PAGE - 1) & ~(size_t)(READY_PAGE - 1);
	struct site_ready *ready = malloc(sizeof(*ready));

	if (!ready)
		return NULL;
	*ready = (struct site_ready){ .references = 1, .head_len = head_len };
	ready->bytes = aligned_alloc(READY_PAGE, size);
	if (!ready->bytes) {
		free(ready);
		return NULL;
	}
	memcpy(ready->bytes + head_len, text, len);
	return ready;
}

/* Another head of the same length, such as a new second's, takes the place of one that is not on its way. */
struct site_ready *site_ready_get(struct site_ready **kept, const char *head, size_t head_len, const char *text,
				  size_t len)
{
	struct site_ready *ready = *kept;
	bool fits = ready && ready->head_len == head_len, same = fits && !memcmp(ready->bytes, head, head_len);

	if (!same && !(fits && ready->references == 1)) {
		site_ready_put(ready);
		*kept = ready = ready_new(head_len, text, len);
		if (!ready)
			return NULL;
	}
	if (!same)
		memcpy(ready->bytes, head, head_len);
	ready->references++;
	return ready;
}

void site_ready_put(struct site_ready *ready)
{
	if (!ready || --ready->references)
		return;
	free(ready->bytes);
	free(ready);
}
