/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_GET_RESPONSE_H
#define TOOLS_GET_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "tools/vendor/picohttpparser/picohttpparser.h"

#define RESPONSE_HEAD_LIMIT	32768	/* bytes of an answer's head */

/* The parts of an HTTP/1.x answer's head that `get` uses; a text is "" where the field is
 * missing. */
struct response {
	int status;
	bool keep;			/* the connection can carry another request */
	bool chunked;
	bool sized;			/* length is known */
	bool ranged;			/* Content-Range is valid: first and total are set */
	bool encoded;			/* the content is compressed or the like */
	uint64_t length;		/* of the body */
	uint64_t first, last;		/* of Content-Range; UINT64_MAX: it has none, as in a 416 */
	uint64_t total;			/* of Content-Range; UINT64_MAX: unknown */
	unsigned retry_after;		/* seconds; 0: not given */
	char phrase[64];		/* reason phrase, printable characters only */
	char location[4096];
	char etag[256];
	char modified[64], date[64];	/* Last-Modified, Date */
};

/* Length of the head; 0: it is not complete yet; -EBADMSG: *why is a static sentence that says
 * why. */
ssize_t response_parse(struct response *out, const char *data, size_t len, const char **why);
/* The validator for a later If-Range: a strong ETag, or a strong date; NULL: there is neither. */
const char *response_validator(const struct response *response);
/* Is it an error that may pass by itself, so that another attempt can succeed? */
bool response_may_pass(int status);
/* Is a 206 of the version that the validator of an earlier answer names? */
bool response_matches(const struct response *response, const char *validator);

struct response_body {
	struct phr_chunked_decoder decoder;
	uint64_t left;			/* bytes of a body of known length */
	uint64_t content;		/* decoded bytes of a chunked body */
	uint64_t overhead;		/* its other bytes: chunk heads, extensions and trailers */
	uint64_t idle;			/* bytes of overhead since the last content */
	bool chunked, sized;
	bool done;			/* a body without length ends with the connection */
};

void response_body_start(struct response_body *body, const struct response *response);
/* Decode len received bytes in place: the content moves to the front of buf. Its length; -EBADMSG;
 * -EMSGSIZE: too much that is not content. *surplus: number of bytes after the body's end. */
ssize_t response_body_take(struct response_body *body, char *buf, size_t len, size_t *surplus);

#endif
