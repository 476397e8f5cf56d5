// SPDX-License-Identifier: MIT
#include "tools/serve/http2/flood.h"

static const struct {
	uint16_t burst, rate;	/* tokens; tokens per second */
	const char *text;
} buckets[HTTP2_ABUSES] = {
	[HTTP2_ABUSE_RESET] = { 200, 20, "too many streams reset" },
	[HTTP2_ABUSE_PING] = { 100, 5, "too many PING frames" },
	[HTTP2_ABUSE_SETTINGS] = { 20, 1, "too many SETTINGS frames" },
	[HTTP2_ABUSE_EMPTY] = { 100, 5, "too many empty DATA frames" },
	[HTTP2_ABUSE_PRIORITY] = { 1000, 100, "too many PRIORITY frames" },
	[HTTP2_ABUSE_WINDOW] = { 2000, 200, "too many WINDOW_UPDATE frames" },
	[HTTP2_ABUSE_CRUMB] = { 4000, 200, "too small windows" },
	[HTTP2_ABUSE_LARGE] = { 20, 1, "too many requests with too large heads" },
};

void http2_flood_init(struct http2_flood *flood, uint32_t now)
{
	for (int i = 0; i < HTTP2_ABUSES; i++)
		flood->tokens[i] = buckets[i].burst;
	flood->second = now;
}

static void flood_refill(struct http2_flood *flood, uint32_t passed)
{
	for (int i = 0; i < HTTP2_ABUSES; i++) {
		uint32_t missing = buckets[i].burst - flood->tokens[i];

		if (passed < missing / buckets[i].rate)
			missing = passed * buckets[i].rate;
		flood->tokens[i] += (uint16_t)missing;
	}
}

bool http2_flood_take(struct http2_flood *flood, enum http2_abuse kind, uint32_t now)
{
	if (now != flood->second)
		flood_refill(flood, now - flood->second);
	flood->second = now;
	if (!flood->tokens[kind])
		return false;
	flood->tokens[kind]--;
	return true;
}

void http2_flood_give(struct http2_flood *flood, enum http2_abuse kind, unsigned count)
{
	unsigned tokens = flood->tokens[kind] + count;

	flood->tokens[kind] = tokens < buckets[kind].burst ? (uint16_t)tokens : buckets[kind].burst;
}

const char *http2_flood_text(enum http2_abuse kind)
{
	return buckets[kind].text;
}
