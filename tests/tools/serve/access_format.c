// SPDX-License-Identifier: MIT
/* Lines of the access log: their formats, and that no client can forge one. */
#include <netinet/in.h>
#include <arpa/inet.h>
#include <jansson.h>
#include "tests/ktap.h"
#include "tools/serve/telemetry/access_format.h"

static struct tlsring_info info = {
	.size = sizeof(info),
	.version = "TLSv1.3",
	.cipher = "TLS_AES_128_GCM_SHA256",
	.tx = { TLSRING_PATH_KERNEL, TLSRING_REASON_NIC_ABSENT },
	.rx = { TLSRING_PATH_USER, TLSRING_REASON_POLICY_OFF },
	.resumed = true,
};
static char line[ACCESS_LINE_MAX + 1];

static struct http_text text(const char *bytes)
{
	return (struct http_text){ bytes, bytes ? strlen(bytes) : 0 };
}

static void peer4(const char *address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&info.peer;

	memset(&info.peer, 0, sizeof(info.peer));
	v4->sin_family = AF_INET;
	CHECK(inet_pton(AF_INET, address, &v4->sin_addr) == 1);
}

static void peer6(const char *address)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&info.peer;

	memset(&info.peer, 0, sizeof(info.peer));
	v6->sin6_family = AF_INET6;
	CHECK(inet_pton(AF_INET6, address, &v6->sin6_addr) == 1);
}

static struct access_record record(void)
{
	setenv("TZ", "UTC-2", 1);
	tzset();
	return (struct access_record){
		.method = text("GET"),
		.target = text("/a?b=c"),
		.host = text("example.org"),
		.agent = text("curl/8"),
		.protocol = "HTTP/1.1",
		.info = &info,
		.status = 206,
		.bytes = 1234567890123,
		.usecs = 1500,
		.when = { 951782400, 7000000 },
		.complete = true,
	};
}

static const char *form(enum access_format format, const struct access_record *r)
{
	struct access_clock clock = { 0 };
	size_t len = access_format(format, r, &clock, line);

	CHECK(len && len <= ACCESS_LINE_MAX && line[len - 1] == '\n');
	CHECK(memchr(line, '\n', len) == line + len - 1);
	for (size_t i = 0; i + 1 < len; i++)
		CHECK(line[i] >= ' ' && line[i] < 0x7f);
	line[len - 1] = '\0';
	return line;
}

TEST(common)
{
	struct access_record r = record();

	peer4("192.0.2.7");
	EQ_STR(form(ACCESS_COMMON, &r),
	       "192.0.2.7 - - [29/Feb/2000:02:00:00 +0200] \"GET /a?b=c HTTP/1.1\" 206 1234567890123");
	r.bytes = 0;
	r.method.at = NULL;
	peer6("::ffff:192.0.2.8");
	EQ_STR(form(ACCESS_COMMON, &r), "192.0.2.8 - - [29/Feb/2000:02:00:00 +0200] \"-\" 206 -");
}

TEST(combined)
{
	struct access_record r = record();

	peer6("2001:db8::1");
	EQ_STR(form(ACCESS_COMBINED, &r),
	       "2001:db8::1 - - [29/Feb/2000:02:00:00 +0200] \"GET /a?b=c HTTP/1.1\" "
	       "206 1234567890123 \"-\" \"curl/8\"");
}

static void expect(const json_t *object, const char *key, const char *value)
{
	const json_t *member = json_object_get(object, key);

	CHECK(member);
	EQ_STR(json_string_value(member), value);
}

TEST(json)
{
	struct access_record r = record();
	json_t *object;

	peer4("192.0.2.7");
	object = json_loads(form(ACCESS_JSON, &r), JSON_REJECT_DUPLICATES, NULL);
	CHECK(object);
	expect(object, "time", "2000-02-29T00:00:00.007Z");
	expect(object, "peer", "192.0.2.7");
	expect(object, "method", "GET");
	expect(object, "target", "/a?b=c");
	expect(object, "host", "example.org");
	expect(object, "protocol", "HTTP/1.1");
	EQ(json_integer_value(json_object_get(object, "status")), 206);
	EQ(json_integer_value(json_object_get(object, "bytes")), 1234567890123);
	EQ(json_integer_value(json_object_get(object, "duration_us")), 1500);
	CHECK(json_is_true(json_object_get(object, "complete")));
	CHECK(json_is_true(json_object_get(object, "resumed")));
	expect(object, "tls", "TLSv1.3");
	expect(object, "tx", "kernel");
	expect(object, "rx", "user");
	expect(object, "user_agent", "curl/8");
	CHECK(!json_object_get(object, "referer"));
	json_decref(object);
}

/* Every byte, in every text, in every format. */
TEST(nothing_can_be_injected)
{
	struct access_record r = record();
	char all[256];
	json_t *object;

	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	r.method = r.target = r.host = r.referer = r.agent = (struct http_text){ all, sizeof(all) };
	peer4("192.0.2.7");
	form(ACCESS_COMMON, &r);
	form(ACCESS_COMBINED, &r);
	CHECK(strstr(line, "\\x0a") && strstr(line, "\\x22") && strstr(line, "\\x5c") &&
	      strstr(line, "\\xff"));
	EQ(strlen(line) - strlen(strchr(line, '"')),
	   strlen("192.0.2.7 - - [29/Feb/2000:02:00:00 +0200] "));
	object = json_loads(form(ACCESS_JSON, &r), JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	CHECK(object);
	/* Bytes 0 to 127 stand for themselves, others for code points of two bytes. */
	EQ(json_string_length(json_object_get(object, "user_agent")), 128 + 2 * 128);
	json_decref(object);
}

/* Any byte at any place is escaped exactly when it must be, and nothing else. */
TEST(a_byte_in_any_place)
{
	struct access_record r = record();
	char text[20], expected[64];

	peer4("192.0.2.7");
	r.agent = (struct http_text){ text, sizeof(text) };
	for (int byte = 0; byte < 256; byte++) {
		for (int place = 0; place < (int)sizeof(text); place++) {
			bool plain = byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\';

			memset(text, '~', sizeof(text));
			text[place] = (char)byte;
			snprintf(expected, sizeof(expected),
				 plain ? "\"%.*s%c%.*s\"" : "\"%.*s\\x%02x%.*s\"", place,
				 "~~~~~~~~~~~~~~~~~~~", byte, 19 - place, "~~~~~~~~~~~~~~~~~~~");
			form(ACCESS_COMBINED, &r);
			CHECK(strlen(line) > strlen(expected));
			EQ_STR(line + strlen(line) - strlen(expected), expected);
		}
	}
}

TEST(the_longest_texts_fit)
{
	struct access_record r = record();
	char *long_text = malloc(100000);

	memset(long_text, 1, 100000);
	r.method = r.target = r.host = r.referer = r.agent =
		(struct http_text){ long_text, 100000 };
	peer6("1111:2222:3333:4444:5555:6666:7777:8888");
	info.cipher = "ECDHE-ECDSA-CHACHA20-POLY1305";
	CHECK(strlen(form(ACCESS_JSON, &r)) > 6 * 12000);
	form(ACCESS_COMBINED, &r);
	free(long_text);
}

TEST(the_second_is_written_once)
{
	struct access_record r = record();
	struct access_clock clock = { 0 };

	peer4("192.0.2.7");
	access_format(ACCESS_JSON, &r, &clock, line);
	EQ(clock.at, r.when.tv_sec);
	r.when.tv_sec++;
	access_format(ACCESS_JSON, &r, &clock, line);
	EQ(clock.at, r.when.tv_sec);
	CHECK(strstr(line, "00:00:01.007"));
}
