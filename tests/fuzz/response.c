// SPDX-License-Identifier: MIT
/* What a server answers to `tlsring get`: the head, then a body in pieces of any size. */
#include <errno.h>
#include "tests/fuzz/fuzz.h"
#include "tools/get/response.h"

static void check_head(const struct response *r)
{
	must(r->status >= 0 && r->status <= 999);
	must(strlen(r->phrase) < sizeof(r->phrase) && strlen(r->location) < sizeof(r->location));
	must(strlen(r->etag) < sizeof(r->etag) && strlen(r->modified) < sizeof(r->modified));
	for (const char *at = r->phrase; *at; at++)
		must(*at >= ' ' && *at < 0x7f);
	if (r->ranged && r->last != UINT64_MAX)
		must(r->first <= r->last && (r->total == UINT64_MAX || r->last < r->total));
}

static void try_body(const struct response *head, struct fuzz_input *in)
{
	struct response_body body;
	uint64_t sum = 0;

	response_body_start(&body, head);
	while (in->size && !body.done) {
		size_t len, surplus = 0;
		char *piece = fuzz_piece(in, &len);
		ssize_t got = response_body_take(&body, piece, len, &surplus);

		free(piece);
		if (got < 0) {
			must(got == -EBADMSG || got == -EMSGSIZE);
			return;
		}
		must((size_t)got + surplus <= len && (!surplus || body.done));
		sum += (uint64_t)got;
		must(!head->sized || head->chunked || sum <= head->length);
	}
	must(!head->sized || head->chunked || !body.done || sum == head->length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct response head, again;
	const char *why = NULL;
	char *copy = malloc(size ? size : 1);
	ssize_t ret;

	must(copy);
	memcpy(copy, data, size);
	ret = response_parse(&head, copy, size, &why);
	must(ret <= (ssize_t)size && (ret >= 0 || (ret == -EBADMSG && why && *why)));
	if (ret > 0) {
		check_head(&head);
		/* Nothing less is a head. */
		must(response_parse(&again, copy, (size_t)ret - 1, &why) == 0);
		in.data += ret;
		in.size -= (size_t)ret;
		response_matches(&head, response_validator(&head) ? response_validator(&head) : "");
		try_body(&head, &in);
	}
	free(copy);
	return 0;
}
