// SPDX-License-Identifier: MIT
#include "tools/serve/http2/flood.h"

static const struct {
	uint16_t burst, rate;	/* rate: per second */
	const char *text;
} kinds[HTTP2_NUISANCES] = {
	[HTTP2_RESET] = { 200, 20, "too many streams reset" },
	[HTTP2_PING] = { 100, 5, "too many PING frames" },
	[HTTP2_SETTINGS] = { 20, 1, "too many SETTINGS frames" },
	[HTTP2_EMPTY] = { 100, 5, "too many empty DATA frames" },
	[HTTP2_PRIORITY] = { 1000, 100, "too many PRIORITY frames" },
	[HTTP2_WINDOW] = { 2000, 200, "too many WINDOW_UPDATE frames" },
	[HTTP2_CRUMB] = { 4000, 200, "too small windows" },
	[HTTP2_LARGE] = { 20, 1, "too many requests with too large heads" },
};

void http2_calm_init(struct http2_calm *calm, uint32_t now)
{
	for (int i = 0; i < HTTP2_NUISANCES; i++)
		calm->left[i] = kinds[i].burst;
	calm->second = now;
}

static void calm_refill(struct http2_calm *calm, uint32_t passed)
{
	for (int i = 0; i < HTTP2_NUISANCES; i++) {
		uint32_t missing = kinds[i].burst - calm->left[i];

		if (passed < missing / kinds[i].rate)
			missing = passed * kinds[i].rate;
		calm->left[i] += (uint16_t)missing;
	}
}

bool http2_calm_take(struct http2_calm *calm, enum http2_nuisance kind, uint32_t now)
{
	if (now != calm->second)
		calm_refill(calm, now - calm->second);
	calm->second = now;
	if (!calm->left[kind])
		return false;
	calm->left[kind]--;
	return true;
}

void http2_calm_give(struct http2_calm *calm, enum http2_nuisance kind, unsigned count)
{
	unsigned left = calm->left[kind] + count;

	calm->left[kind] = left < kinds[kind].burst ? (uint16_t)left : kinds[kind].burst;
}

const char *http2_calm_text(enum http2_nuisance kind)
{
	return kinds[kind].text;
}
