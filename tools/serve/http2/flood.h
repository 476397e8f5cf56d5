/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HTTP2_FLOOD_H
#define TOOLS_SERVE_HTTP2_FLOOD_H

#include <stdbool.h>
#include <stdint.h>

/* What costs a peer little and us much. Each kind has a number at once that an honest client stays
 * under, and so many more every second. */
enum http2_nuisance {
	HTTP2_RESET,		/* streams that end before their answer does, by whoever's reset */
	HTTP2_PING,
	HTTP2_SETTINGS,
	HTTP2_EMPTY,		/* DATA with nothing in it */
	HTTP2_PRIORITY,
	HTTP2_WINDOW,		/* updates of windows beyond what was sent calls for */
	HTTP2_CRUMB,		/* frames that a tiny window makes us send */
	HTTP2_LARGE,		/* requests with too many or too long fields */
	HTTP2_NUISANCES
};

struct http2_calm {
	uint16_t left[HTTP2_NUISANCES];
	uint32_t second;	/* when they were last added to */
};

void http2_calm_init(struct http2_calm *calm, uint32_t now);
/* One more of these, now (seconds of any steady clock). False: too many. */
bool http2_calm_take(struct http2_calm *calm, enum http2_nuisance kind, uint32_t now);
/* What we did ourselves calls for so many of them. */
void http2_calm_give(struct http2_calm *calm, enum http2_nuisance kind, unsigned count);
/* For the log: "too many resets". */
const char *http2_calm_text(enum http2_nuisance kind);

#endif
