/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_TELEMETRY_ACCESS_FORMAT_H
#define TOOLS_SERVE_TELEMETRY_ACCESS_FORMAT_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "tools/http/request.h"
#include "tlsring.h"

enum access_format { ACCESS_COMMON = 0, ACCESS_COMBINED, ACCESS_JSON };

/* An exchange that is over. Texts are what the client sent, as it sent it; at NULL: nothing. */
struct access_record {
	struct http_text method, target, host, referer, agent;
	const char *protocol;		/* "HTTP/1.1" */
	const struct tlsring_info *info;
	int status;
	uint64_t bytes;			/* of the content that went out */
	uint64_t usecs;			/* from the request's head to the end of the answer */
	struct timespec when;		/* of that end */
	bool complete;			/* the whole answer went out */
};

/* What was written for one second, so that the next record of it need not be. */
struct access_clock {
	time_t at;			/* 0: nothing yet */
	char common[32], iso[24];
};

/* Longer texts are cut; so much of each. */
#define ACCESS_TEXT_MAX		1024
/* Room for any record's line. */
#define ACCESS_LINE_MAX		(6 * (HTTP_TARGET_LIMIT + 4 * ACCESS_TEXT_MAX) + 1024)

/*
 * Write the line, with its '\n' and without NUL; its length. Whatever the texts hold, the line is one
 * line and its fields end where they should: in the common and combined forms everything but plain
 * ASCII, the quotation mark and the backslash is \xHH; a JSON line is valid JSON, in which a byte
 * beyond ASCII is the code point of its number.
 */
size_t access_format(enum access_format format, const struct access_record *record,
		     struct access_clock *clock, char out[ACCESS_LINE_MAX]);

#endif
