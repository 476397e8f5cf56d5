// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "tools/serve/telemetry/access_format.h"
#include "tools/common/digits.h"

/*
 * Written by hand rather than by a JSON library: serving threads run it for each request, so it
 * must not allocate, and a line may cost only a fraction of the smallest response. Names stand
 * where they are used, so that the compiler knows their lengths, and plain text is copied eight
 * bytes at a time.
 */

#define FORMAT_FIXED	static inline __attribute__((always_inline))
#define FORMAT_EACH(byte)	(0x0101010101010101u * (uint64_t)(byte))

FORMAT_FIXED char *format_put(char *at, const char *text)
{
	return mempcpy(at, text, strlen(text));
}

static struct http_text format_cut(const struct http_text *text, size_t max)
{
	return (struct http_text){ text->at, text->len < max ? text->len : max };
}

/* ---- texts of strangers ---- */

static char *format_hex(char *at, const char *prefix, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";

	at = format_put(at, prefix);
	*at++ = digits[byte >> 4];
	*at++ = digits[byte & 15];
	return at;
}

static bool format_has(uint64_t eight, unsigned char byte)
{
	uint64_t differs = eight ^ FORMAT_EACH(byte);

	return (differs - FORMAT_EACH(1)) & ~differs & FORMAT_EACH(0x80);
}

/* Do all eight bytes stand for themselves? */
static bool format_plain(uint64_t eight)
{
	return !((eight | (eight - FORMAT_EACH(' '))) & FORMAT_EACH(0x80)) &&
	       !format_has(eight, 0x7f) && !format_has(eight, '"') && !format_has(eight, '\\');
}

/* escape: how an escaped byte begins, "\\x" or "\\u00". */
static char *format_text(char *at, const struct http_text *text, size_t max, const char *escape)
{
	struct http_text cut = format_cut(text, max);

	for (size_t i = 0; i < cut.len; i++) {
		unsigned char c = (unsigned char)cut.at[i];
		uint64_t eight;

		if (cut.len - i >= sizeof(eight)) {
			memcpy(&eight, cut.at + i, sizeof(eight));
			if (format_plain(eight)) {
				memcpy(at, &eight, sizeof(eight));
				at += sizeof(eight);
				i += sizeof(eight) - 1;
				continue;
			}
		}
		if (c >= ' ' && c < 0x7f && c != '"' && c != '\\')
			*at++ = (char)c;
		else
			at = format_hex(at, escape, c);
	}
	return at;
}

static char *format_quoted(char *at, const struct http_text *text)
{
	*at++ = '"';
	if (text->at)
		at = format_text(at, text, ACCESS_TEXT_MAX, "\\x");
	else
		*at++ = '-';
	*at++ = '"';
	return at;
}

/* ---- common to all forms ---- */

/* inet_ntop() would call printf(). */
static char *format_v4(char *at, const void *address)
{
	const unsigned char *bytes = address;

	for (size_t i = 0; i < 4; i++) {
		if (i)
			*at++ = '.';
		at = digits_put(at, bytes[i]);
	}
	return at;
}

static char *format_peer(char *at, const struct sockaddr_storage *peer)
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)peer;
	char text[INET6_ADDRSTRLEN] = "-";

	if (peer->ss_family == AF_INET)
		return format_v4(at, &((const struct sockaddr_in *)peer)->sin_addr);
	if (peer->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		return format_v4(at, &v6->sin6_addr.s6_addr[12]);
	if (peer->ss_family == AF_INET6)
		inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
	return format_put(at, text);
}

static void format_clock(struct access_clock *clock, time_t now)
{
	struct tm tm;

	if (clock->at == now)
		return;
	clock->at = now;
	localtime_r(&now, &tm);
	strftime(clock->common, sizeof(clock->common), "%d/%b/%Y:%H:%M:%S %z", &tm);
	gmtime_r(&now, &tm);
	strftime(clock->iso, sizeof(clock->iso), "%Y-%m-%dT%H:%M:%S", &tm);
}

/* ---- common and combined ---- */

static char *format_request(char *at, const struct access_record *record)
{
	*at++ = '"';
	if (record->method.at) {
		at = format_text(at, &record->method, ACCESS_TEXT_MAX, "\\x");
		*at++ = ' ';
		at = format_text(at, &record->target, HTTP_TARGET_LIMIT, "\\x");
		*at++ = ' ';
		at = format_put(at, record->protocol);
	} else {
		*at++ = '-';
	}
	*at++ = '"';
	return at;
}

static char *format_common(char *at, const struct access_record *record,
			   const struct access_clock *clock)
{
	at = format_peer(at, &record->info->peer);
	at = format_put(at, " - - [");
	at = format_put(at, clock->common);
	at = format_put(at, "] ");
	at = format_request(at, record);
	*at++ = ' ';
	at = digits_put(at, (uint64_t)record->status);
	*at++ = ' ';
	if (record->bytes)
		return digits_put(at, record->bytes);
	*at++ = '-';
	return at;
}

static char *format_combined(char *at, const struct access_record *record,
			     const struct access_clock *clock)
{
	at = format_common(at, record, clock);
	*at++ = ' ';
	at = format_quoted(at, &record->referer);
	*at++ = ' ';
	return format_quoted(at, &record->agent);
}

/* ---- JSON ---- */

FORMAT_FIXED char *member_string(char *at, const char *name, const char *value)
{
	at = format_put(format_put(at, ",\""), name);
	at = format_put(format_put(at, "\":\""), value);
	*at++ = '"';
	return at;
}

FORMAT_FIXED char *member_text(char *at, const char *name, const struct http_text *text, size_t max)
{
	if (!text->at)
		return at;
	at = format_put(format_put(at, ",\""), name);
	at = format_text(format_put(at, "\":\""), text, max, "\\u00");
	*at++ = '"';
	return at;
}

FORMAT_FIXED char *member_number(char *at, const char *name, uint64_t number)
{
	at = format_put(format_put(at, ",\""), name);
	return digits_put(format_put(at, "\":"), number);
}

FORMAT_FIXED char *member_bool(char *at, const char *name, bool value)
{
	at = format_put(format_put(at, ",\""), name);
	return format_put(at, value ? "\":true" : "\":false");
}

static char *member_when(char *at, const struct access_record *record,
			 const struct access_clock *clock)
{
	unsigned msecs = (unsigned)(record->when.tv_nsec / 1000000);

	at = format_put(format_put(at, "{\"time\":\""), clock->iso);
	*at++ = '.';
	*at++ = (char)('0' + msecs / 100);
	*at++ = (char)('0' + msecs / 10 % 10);
	*at++ = (char)('0' + msecs % 10);
	return format_put(at, "Z\"");
}

static const char *member_path(const struct tlsring_direction *direction)
{
	static const char *const names[] = { "user", "kernel", "nic", "failed" };

	return names[direction->path];
}

static char *format_json(char *at, const struct access_record *record,
			 const struct access_clock *clock)
{
	const struct tlsring_info *info = record->info;

	at = member_when(at, record, clock);
	at = format_put(at, ",\"peer\":\"");
	at = format_peer(at, &info->peer);
	*at++ = '"';
	at = member_text(at, "method", &record->method, ACCESS_TEXT_MAX);
	at = member_text(at, "target", &record->target, HTTP_TARGET_LIMIT);
	at = member_text(at, "host", &record->host, ACCESS_TEXT_MAX);
	at = member_string(at, "protocol", record->protocol);
	at = member_number(at, "status", (uint64_t)record->status);
	at = member_number(at, "bytes", record->bytes);
	at = member_number(at, "duration_us", record->usecs);
	at = member_bool(at, "complete", record->complete);
	at = member_string(at, "tls", info->version);
	at = member_string(at, "cipher", info->cipher);
	at = member_bool(at, "resumed", info->resumed);
	at = member_string(at, "tx", member_path(&info->tx));
	at = member_string(at, "rx", member_path(&info->rx));
	at = member_text(at, "referer", &record->referer, ACCESS_TEXT_MAX);
	at = member_text(at, "user_agent", &record->agent, ACCESS_TEXT_MAX);
	*at++ = '}';
	return at;
}

size_t access_format(enum access_format format, const struct access_record *record,
		     struct access_clock *clock, char out[ACCESS_LINE_MAX])
{
	char *at;

	format_clock(clock, record->when.tv_sec);
	if (format == ACCESS_JSON)
		at = format_json(out, record, clock);
	else if (format == ACCESS_COMBINED)
		at = format_combined(out, record, clock);
	else
		at = format_common(out, record, clock);
	*at++ = '\n';
	return (size_t)(at - out);
}
