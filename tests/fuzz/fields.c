// SPDX-License-Identifier: MIT
/* Values of the fields Range, Accept, Accept-Encoding and of those that have a date. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/ranges.h"
#include "tools/http/accept.h"
#include "tools/http/date.h"

static void try_accept(const char *text, size_t len)
{
	static const char *const names[] = { "text/html", "text/*", "*/*", NULL };
	const struct http_encoding *encodings[HTTP_ENCODINGS + 1];
	struct http_list second = { { text + len / 2, len - len / 2 }, NULL };
	struct http_list field = { { text, len / 2 }, &second };
	int weight = http_accept(&field, names), count = 0;

	must(weight >= -1 && weight <= 1000);
	http_accept_encoding(&field, encodings);
	while (encodings[count])
		must(++count <= HTTP_ENCODINGS);
}

/* A date that was read is the same when it is written and read again. */
static void try_date(const char *text, size_t len)
{
	char again[HTTP_DATE_SIZE];
	time_t when = http_date_parse(text, len);

	/* A year before 1000 is written as another. */
	if (when < -30610224000)
		return;
	http_date_format(when, again);
	must(strlen(again) == HTTP_DATE_SIZE - 1);
	must(http_date_parse(again, strlen(again)) == when);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };

	while (in.size) {
		size_t len;
		char *piece = fuzz_piece(&in, &len);

		ranges_try(piece, len);
		try_accept(piece, len);
		try_date(piece, len);
		free(piece);
	}
	return 0;
}
