// SPDX-License-Identifier: MIT
/* The URL of a command line, and the reference of a redirection. */
#include <errno.h>
#include "tests/fuzz/fuzz.h"
#include "tools/get/url.h"

static void check(const struct url *url)
{
	must(*url->host && *url->port && *url->target == '/');
	must(!strpbrk(url->target, " \r\n\t#") && !strpbrk(url->authority, " \r\n\t/"));
	must(!strchr(url->name, '/') && strcmp(url->name, ".") && strcmp(url->name, ".."));
}

/* What was read is the same when it is read again. */
static void try_again(const struct url *url)
{
	struct url again;
	const char *why;

	must(!url_parse(&again, url->text, &why));
	must(!strcmp(again.host, url->host) && !strcmp(again.port, url->port));
	must(!strcmp(again.target, url->target) && !strcmp(again.name, url->name));
	url_free(&again);
}

/* Input: a piece, and the text of a reference. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct url url, other;
	const char *why = NULL;
	size_t len;
	char *piece = fuzz_piece(&in, &len), *text = strndup(piece, len), *reference = fuzz_text(&in);
	int ret = url_parse(&url, text, &why);

	must(ret != -EINVAL || (why && *why && !url.text));
	if (!ret) {
		check(&url);
		try_again(&url);
		ret = url_resolve(&other, &url, reference, &why);
		if (!ret) {
			check(&other);
			try_again(&other);
			url_free(&other);
		}
		url_free(&url);
	}
	free(piece);
	free(text);
	free(reference);
	return 0;
}
