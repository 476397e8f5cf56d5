/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_TELEMETRY_ACCESS_FORMAT_H
#define TOOLS_SERVE_TELEMETRY_ACCESS_FORMAT_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "tools/http/request.h"
#include "tlsring.h"

enum access_format { ACCESS_COMMON = 0, ACCESS_COMBINED, ACCESS_JSON };

/* A finished exchange. Texts are as the client sent them; at is NULL for what it did not send. */
struct access_record {
	struct http_text method, target, host, referer, agent;
	const char *protocol;	/* "HTTP/1.1" */
	const struct tlsring_info *info;
	int status;
	uint64_t bytes;		/* of the body that were sent */
	uint64_t usecs;		/* from the request's head to the end of the response */
	struct timespec when;	/* when the response ended */
	bool complete;		/* the whole response was sent */
};

/* The time of one second as text, shared by all records of that second. */
struct access_clock {
	time_t at;	/* 0: nothing yet */
	char common[32], iso[24];
};

/* bytes of a text; longer ones are cut */
#define ACCESS_TEXT_MAX		1024
/* Room for the line of any record. */
#define ACCESS_LINE_MAX		(6 * (HTTP_TARGET_LIMIT + 4 * ACCESS_TEXT_MAX) + 1024)

/*
 * Write the record's line with its '\n', without NUL. Returns its length. Whatever the texts
 * contain, the line stays one line and its fields end where they should: in the common and combined
 * formats all bytes but plain ASCII, as well as quotation marks and backslashes, become \xHH; a
 * JSON line is valid JSON, in which a byte beyond ASCII becomes the code point of its number.
 */
size_t access_format(enum access_format format, const struct access_record *record,
		     struct access_clock *clock, char out[ACCESS_LINE_MAX]);

#endif
