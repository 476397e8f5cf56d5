// SPDX-License-Identifier: MIT
#include <string.h>
#include "tools/http/accept.h"

/* Take the text before the next semicolon off *left. */
static struct http_text accept_parameter(struct http_text *left)
{
	const char *end = memchr(left->at, ';', left->len);
	size_t len = end ? (size_t)(end - left->at) : left->len;
	struct http_text text = http_text_trim(left->at, len);

	len += end != NULL;
	left->at += len;
	left->len -= len;
	return text;
}

/* A weight such as "0", "0.5" or "1.000", in thousandths; anything else counts as 0. */
static int accept_weight(const char *at, size_t len)
{
	int value = 0, scale = 100;

	if (!len || len > 5 || (*at != '0' && *at != '1') || (len > 1 && at[1] != '.'))
		return 0;
	value = *at == '1' ? 1000 : 0;
	for (size_t i = 2; i < len; i++, scale /= 10) {
		if (at[i] < '0' || at[i] > '9')
			return 0;
		value += (at[i] - '0') * scale;
	}
	return value > 1000 ? 0 : value;
}

static int accept_element(struct http_text element, struct http_text *name)
{
	*name = accept_parameter(&element);
	while (element.len) {
		struct http_text parameter = accept_parameter(&element);

		if (parameter.len > 1 && (*parameter.at | 0x20) == 'q' && parameter.at[1] == '=')
			return accept_weight(parameter.at + 2, parameter.len - 2);
	}
	return 1000;
}

/* The weight of `wanted` in one line of the field; -1: the line does not contain it. */
static int accept_line(struct http_text line, const char *wanted)
{
	struct http_text element, name;

	while (http_text_element(&line, &element)) {
		int weight = accept_element(element, &name);

		if (http_text_is_nocase(&name, wanted))
			return weight;
	}
	return -1;
}

int http_accept(const struct http_list *field, const char *const *names)
{
	int weight = -1;

	for (; *names && weight < 0; names++)
		for (const struct http_list *at = field; at && weight < 0; at = at->next)
			weight = accept_line(at->line, *names);
	return weight;
}

static const struct http_encoding accept_encodings[HTTP_ENCODINGS] = {
	{ "br", ".br" },
	{ "zstd", ".zst" },
	{ "gzip", ".gz" },
};

void http_accept_encoding(const struct http_list *field,
			  const struct http_encoding *out[HTTP_ENCODINGS + 1])
{
	int weights[HTTP_ENCODINGS], identity;
	size_t count = 0;

	out[0] = NULL;
	if (!field->line.at)
		return;
	identity = http_accept(field, (const char *const []){ "identity", NULL });
	for (size_t i = 0; i < HTTP_ENCODINGS; i++) {
		const char *const names[] = { accept_encodings[i].name, "*", NULL };
		int weight = http_accept(field, names);
		size_t place = count;

		if (weight <= 0 || weight < identity)
			continue;
		for (; place && weights[place - 1] < weight; place--) {
			weights[place] = weights[place - 1];
			out[place] = out[place - 1];
		}
		weights[place] = weight;
		out[place] = &accept_encodings[i];
		out[++count] = NULL;
	}
}
