/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HTTP2_FLOOD_H
#define TOOLS_SERVE_HTTP2_FLOOD_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Flood limits: cheap for the peer, costly for us. Each kind of abuse has a token bucket: a burst
 * that honest clients stay below, and a number of tokens that come back each second.
 */
enum http2_abuse {
	HTTP2_ABUSE_RESET,	/* streams that either side resets before the response ends */
	HTTP2_ABUSE_PING,
	HTTP2_ABUSE_SETTINGS,
	HTTP2_ABUSE_EMPTY,	/* empty DATA frames */
	HTTP2_ABUSE_PRIORITY,
	HTTP2_ABUSE_WINDOW,	/* WINDOW_UPDATE frames that our DATA frames do not call for */
	HTTP2_ABUSE_CRUMB,	/* tiny frames that a tiny window makes us send */
	HTTP2_ABUSE_LARGE,	/* requests with too many or too long fields */
	HTTP2_ABUSES
};

struct http2_flood {
	uint16_t tokens[HTTP2_ABUSES];
	uint32_t second;	/* of the last refill */
};

/* Full buckets. now: seconds of any steady clock. */
void http2_flood_init(struct http2_flood *flood, uint32_t now);
/* Take a token. False: none is left. */
bool http2_flood_take(struct http2_flood *flood, enum http2_abuse kind, uint32_t now);
/* Put tokens back for frames that our own frames call for. */
void http2_flood_give(struct http2_flood *flood, enum http2_abuse kind, unsigned count);
/* For the log: "too many streams reset". */
const char *http2_flood_text(enum http2_abuse kind);

#endif
