/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_GET_RESPONSE_H
#define TOOLS_GET_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "tools/vendor/picohttpparser/picohttpparser.h"

#define RESPONSE_HEAD_LIMIT	32768	/* bytes of an answer's head */

/* The head of an answer in HTTP/1.x, as far as a fetcher needs it; texts are "" when it has none. */
struct response {
	int status;
	bool keep;			/* the connection can carry another request */
	bool chunked;
	bool sized;			/* length is known */
	bool ranged;			/* Content-Range says first, and total if it is known */
	bool encoded;			/* the content is compressed or the like */
	uint64_t length;		/* of the body */
	uint64_t first, total;		/* total UINT64_MAX: unknown; first UINT64_MAX: of a 416 */
	char phrase[64];		/* fit to be shown */
	char location[4096];
	char etag[256];
	char modified[64], date[64];	/* Last-Modified, Date */
};

/* Bytes of the head; 0: its end has not come; -EBADMSG: *why says in a static sentence what is wrong. */
ssize_t response_parse(struct response *out, const char *data, size_t len, const char **why);
/* What a later If-Range can be built on: an entity tag or a date, NULL when neither is strong. */
const char *response_validator(const struct response *response);

struct response_body {
	struct phr_chunked_decoder decoder;
	uint64_t left;
	bool chunked, sized;
	bool done;			/* the end has come; without a length it comes with the connection's */
};

void response_body_start(struct response_body *body, const struct response *response);
/* buf has len bytes as they came; the content of them is brought to its front. Its length, or -EBADMSG;
 * *surplus: bytes that came behind the body's end. */
ssize_t response_body_take(struct response_body *body, char *buf, size_t len, size_t *surplus);

#endif
