// SPDX-License-Identifier: MIT
/* The access log's line, whatever a client sent: one line, whose fields end where they should. */
#include <jansson.h>
#include "tests/fuzz/fuzz.h"
#include "tools/serve/telemetry/access_format.h"

static void check_common(const char *line, size_t len, bool combined)
{
	size_t quotes = 0;

	for (size_t i = 0; i + 1 < len; i++) {
		must(line[i] >= ' ' && line[i] < 0x7f);
		quotes += line[i] == '"';
	}
	must(quotes == (combined ? 6 : 2));
}

static void check_json(const char *line, size_t len)
{
	json_t *object = json_loadb(line, len, JSON_ALLOW_NUL, NULL);

	must(json_is_object(object));
	json_decref(object);
}

/* Input: flags, then the texts. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char line[ACCESS_LINE_MAX];
	struct fuzz_input in = { data, size };
	uint8_t flags = fuzz_byte(&in);
	struct tlsring_info info = { .size = sizeof(info), .version = "TLSv1.3", .cipher = "X",
				     .server_name = "", .alpn = "" };
	struct access_record record = { .protocol = "HTTP/1.1", .info = &info,
					.status = 200, .bytes = flags, .complete = flags & 2,
					.when.tv_sec = 1 };
	struct http_text *texts[] = { &record.method, &record.target, &record.host, &record.referer,
				      &record.agent };
	struct access_clock clock = { 0 };

	info.peer.ss_family = flags & 4 ? AF_INET6 : AF_INET;
	for (int i = 0; i < 5; i++)
		if (flags >> (3 + i) & 1)
			texts[i]->at = fuzz_piece(&in, &texts[i]->len);
	for (int format = ACCESS_COMMON; format <= ACCESS_JSON; format++) {
		size_t len = access_format((enum access_format)format, &record, &clock, line);

		must(len && len <= sizeof(line) && line[len - 1] == '\n' &&
		     memchr(line, '\n', len) == line + len - 1);
		if (format == ACCESS_JSON)
			check_json(line, len);
		else
			check_common(line, len, format == ACCESS_COMBINED);
	}
	for (int i = 0; i < 5; i++)
		free((char *)texts[i]->at);
	return 0;
}
