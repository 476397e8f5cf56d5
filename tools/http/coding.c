// SPDX-License-Identifier: MIT
#include <stddef.h>
#include "tools/http/coding.h"
#include "tools/http/accept.h"

static const struct coding codings[CODING_COUNT] = {
	{ "br", ".br" },
	{ "zstd", ".zst" },
	{ "gzip", ".gz" },
};

void coding_choose(const struct http_list *accept_encoding, const struct coding *out[CODING_COUNT + 1])
{
	int weights[CODING_COUNT], least;
	size_t count = 0;

	out[0] = NULL;
	if (!accept_encoding->line.at)
		return;
	least = http_accept(accept_encoding, (const char *const []){ "identity", NULL });
	for (size_t i = 0; i < CODING_COUNT; i++) {
		const char *const names[] = { codings[i].name, "*", NULL };
		int weight = http_accept(accept_encoding, names);
		size_t place = count;

		if (weight <= 0 || weight < least)
			continue;
		for (; place && weights[place - 1] < weight; place--) {
			weights[place] = weights[place - 1];
			out[place] = out[place - 1];
		}
		weights[place] = weight;
		out[place] = &codings[i];
		out[++count] = NULL;
	}
}
