// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include "tools/serve/http/body.h"
#include "tools/serve/site/site.h"

void content_set_file(struct content *content, struct site_file *file, uint64_t offset, uint64_t length)
{
	*content = (struct content){ .left = length, .file = file };
	if (file->bytes)
		content->now = (struct content_piece){ .text = file->bytes + offset, .text_len = (size_t)length };
	else
		content->now = (struct content_piece){ .offset = offset, .length = length };
}

void content_set_text(struct content *content, const char *text, size_t len)
{
	*content = (struct content){ .left = len, .now = { .text = text, .text_len = len } };
}

int content_fd(const struct content *content)
{
	return content->file ? content->file->fd : -1;
}

const void *content_mapping(const struct content *content)
{
	return content->file ? site_file_mapping(content->file) : NULL;
}

uint64_t content_ready(const struct content *content)
{
	return content->now.text_len + content->now.length;
}

bool content_take(struct content *content, uint64_t most, struct content_piece *out)
{
	struct content_piece *now = &content->now;

	if (!content->left || !most)
		return false;
	*out = *now;
	if (out->text_len > most)
		out->text_len = (size_t)most;
	if (out->length > most - out->text_len)
		out->length = most - out->text_len;
	now->text += out->text_len;
	now->text_len -= out->text_len;
	now->offset += out->length;
	now->length -= out->length;
	content->left -= out->text_len + out->length;
	if (!now->text_len && !now->length && content->next_count) {
		*now = *content->next++;
		content->next_count--;
	}
	return true;
}

void content_free(struct content *content)
{
	if (content->file)
		site_file_put(content->file);
	free(content->memory);
	*content = (struct content){ 0 };
}
