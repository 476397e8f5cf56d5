// SPDX-License-Identifier: MIT
/* Fields of a request of HTTP/2, as nghttp2 hands them on. */
#include "tests/fuzz/fuzz.h"
#include "tools/serve/http2/request.h"

/* nghttp2 lets no empty name through, and no upper case. */
static bool passes(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] >= 0x7f || (name[i] >= 'A' && name[i] <= 'Z'))
			return false;
	return len;
}

static void check(struct http2_request *request)
{
	const struct http_request *parsed = &request->parsed;

	if (!http2_request_finish(request)) {
		must(request->status >= 400 && request->status < 600 && request->why && *request->why);
		return;
	}
	must(parsed->path.at || parsed->options || parsed->refused);
	must(!parsed->path.at || *parsed->path.at == '/');
	must(request->used <= sizeof(request->bytes));
}

/* Input: the limit's part, then names and values. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	size_t limit = (size_t)(fuzz_byte(&in) + 1) * (HTTP_HEAD_LIMIT / 256);
	struct http2_request *request = http2_request_new(limit);

	must(request);
	while (in.size) {
		struct http_text name, value;

		name.at = fuzz_piece(&in, &name.len);
		value.at = fuzz_piece(&in, &value.len);
		if (passes(name.at, name.len))
			http2_request_field(request, &name, &value);
		free((char *)name.at);
		free((char *)value.at);
	}
	check(request);
	free(request);
	return 0;
}
