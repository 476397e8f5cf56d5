/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_TELEMETRY_ACCOUNTING_H
#define TOOLS_SERVE_TELEMETRY_ACCOUNTING_H

/*
 * Events of connections and exchanges. Each version of HTTP calls this when one begins or ends, to
 * be counted (metrics.h), logged (access_log.h) and limited (limits.h).
 */

#include <stdbool.h>
#include <stdint.h>
#include "tools/serve/telemetry/access_format.h"
#include "tlsring.h"

struct access_log;
struct access_ring;
struct http_request;
struct limits;
struct metrics;

enum accounting_protocol { ACCOUNTING_HTTP10 = 0, ACCOUNTING_HTTP11, ACCOUNTING_HTTP2 };

/* The accounting of one thread. */
struct accounting {
	struct metrics *metrics;	/* owned by the thread */
	const struct tlsring_engine *engine;	/* the thread's; counts the bytes that it sends */
	struct limits *limits;		/* shared by all threads, or NULL */
	const struct limits_settings *settings;
	struct access_ring *ring;	/* NULL: no access log */
	enum access_format format;
	struct access_clock clock;
	char line[ACCESS_LINE_MAX];
};

/* An exchange from its request to its end; all zero: there is none. Assignment hands it on. */
struct accounting_exchange {
	uint64_t began;		/* nsecs, monotonic */
	uint64_t length;	/* of the body; 0 for HEAD and the like */
	struct accounting_texts *texts;	/* owned; texts of the request for the log, or NULL */
	uint16_t status;
	uint8_t protocol;	/* enum accounting_protocol */
};

/* A request was parsed, or refused. Texts are copied. */
void accounting_begin(const struct accounting *accounting, struct accounting_exchange *out,
		      const struct http_request *request, enum accounting_protocol protocol);
/* Its response has this status and so many bytes of body. */
static inline void accounting_respond(struct accounting_exchange *exchange, int status,
				      uint64_t length)
{
	exchange->status = (uint16_t)status;
	exchange->length = length;
}
/* The exchange is over, without so many bytes of its body. Call it once, within a handler, closed()
 * at the latest; does nothing for an exchange that never began. */
void accounting_end(struct accounting *accounting, struct accounting_exchange *exchange,
		    const struct tlsring_conn *conn, uint64_t unsent);

/* May a connection be accepted? As struct tlsring_handlers' accepting(). */
bool accounting_accepting(struct accounting *accounting, const struct sockaddr *peer);
void accounting_opened(struct accounting *accounting, const struct tlsring_info *info);
/* As struct tlsring_handlers' handed(). */
void accounting_handed(struct accounting *accounting, const struct tlsring_conn *conn);
/* A connection that accounting_accepting() let in has ended. */
void accounting_closed(struct accounting *accounting, const struct tlsring_conn *conn,
		       const struct tlsring_end *end);
/* A part of a request has arrived: the rest of its head (body: 0) or body must arrive within the
 * limits. Only the first call counts, until accounting_arrived(). */
void accounting_awaits(const struct accounting *accounting, struct tlsring_conn *conn,
		       uint64_t body);
void accounting_arrived(struct tlsring_conn *conn);
/* A response opens a file, besides the one that its connection may have open anyway. False: the
 * limits forbid it; else accounting_file_end() must follow. */
bool accounting_file_begin(struct accounting *accounting, const struct tlsring_conn *conn);
void accounting_file_end(struct accounting *accounting, const struct tlsring_conn *conn);
/* A connection is ended for a flood. */
void accounting_flooded(struct accounting *accounting);
/* The head of a request has arrived. False: it is the last one that this connection may send. */
bool accounting_request(struct accounting *accounting, struct tlsring_conn *conn);

#endif
