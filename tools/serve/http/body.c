// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include "tools/serve/http/body.h"
#include "tools/serve/site/site.h"

void body_set_file(struct body *body, struct site_file *file, uint64_t offset, uint64_t length)
{
	*body = (struct body){ .left = length, .file = file };
	if (file->bytes)
		body->now = (struct body_piece){ .text = file->bytes + offset,
						 .text_len = (size_t)length };
	else
		body->now = (struct body_piece){ .offset = offset, .length = length };
}

void body_set_text(struct body *body, const char *text, size_t len)
{
	*body = (struct body){ .left = len, .now = { .text = text, .text_len = len } };
}

int body_fd(const struct body *body)
{
	return body->file ? body->file->fd : -1;
}

bool body_needs_file(const struct body *body)
{
	return body->file && body->file->fd >= 0 && !body->file->bytes;
}

const void *body_mapping(const struct body *body)
{
	return body->file ? site_file_mapping(body->file) : NULL;
}

uint64_t body_available(const struct body *body)
{
	return body->now.text_len + body->now.length;
}

bool body_take(struct body *body, uint64_t limit, struct body_piece *out)
{
	struct body_piece *now = &body->now;

	if (!body->left || !limit)
		return false;
	*out = *now;
	if (out->text_len > limit)
		out->text_len = (size_t)limit;
	if (out->length > limit - out->text_len)
		out->length = limit - out->text_len;
	now->text += out->text_len;
	now->text_len -= out->text_len;
	now->offset += out->length;
	now->length -= out->length;
	body->left -= out->text_len + out->length;
	if (!now->text_len && !now->length && body->next_count) {
		*now = *body->next++;
		body->next_count--;
	}
	return true;
}

void body_free(struct body *body)
{
	if (body->file)
		site_file_put(body->file);
	free(body->memory);
	*body = (struct body){ 0 };
}
