/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_TELEMETRY_ACCOUNTING_H
#define TOOLS_SERVE_TELEMETRY_ACCOUNTING_H

/*
 * What is told about connections and exchanges: every version of HTTP calls this when something begins
 * or ends, and it counts (metrics.h), logs (access_log.h) and keeps the limits (limits.h).
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

/* One thread's. */
struct accounting {
	struct metrics *metrics;	/* this thread's counters */
	const struct tlsring_engine *engine;	/* this thread's, which counts what it sends itself */
	struct limits *limits;		/* all threads'; may be NULL */
	const struct limits_settings *settings;
	struct access_ring *ring;	/* NULL: no access log */
	enum access_format format;
	struct access_clock clock;
	char line[ACCESS_LINE_MAX];
};

/* An exchange, from its request to its end; all zero: there is none. Given on by assignment. */
struct accounting_exchange {
	uint64_t began;			/* nsecs, monotonic */
	uint64_t length;		/* of the content; 0 for HEAD and the like */
	struct accounting_texts *texts;	/* owned: what the log wants of the request; or NULL */
	uint16_t status;
	uint8_t protocol;		/* enum accounting_protocol */
};

/* A request was understood, or refused, and its answer made, whose content is there still. Texts are
 * copied. */
void accounting_begin(const struct accounting *accounting, struct accounting_exchange *out,
		      const struct http_request *request, int status, uint64_t length,
		      enum accounting_protocol protocol);
/* It is over: so much of its content was not sent. To be called once, inside a handler at the latest in
 * closed(); does nothing for one that never began. */
void accounting_end(struct accounting *accounting, struct accounting_exchange *exchange,
		    const struct tlsring_conn *conn, uint64_t unsent);

/* May a connection come in? As struct tlsring_handlers' accepting(). */
bool accounting_accepting(struct accounting *accounting, const struct sockaddr *peer);
void accounting_opened(struct accounting *accounting, const struct tlsring_info *info);
/* As struct tlsring_handlers' handed(). */
void accounting_handed(struct accounting *accounting, const struct tlsring_conn *conn);
/* For each that accounting_accepting() let in. */
void accounting_closed(struct accounting *accounting, const struct tlsring_conn *conn,
		       const struct tlsring_end *end);
/* Half a request is there: the rest of a head (body: 0), or of a body of so many bytes, must come within
 * the limits. The first call counts, until accounting_arrived(). */
void accounting_awaits(const struct accounting *accounting, struct tlsring_conn *conn,
		       uint64_t body);
void accounting_arrived(struct tlsring_conn *conn);
/* A connection is sent away for what it makes the server do. */
void accounting_flooded(struct accounting *accounting);
/* A request begins on this connection, its head is there. False: it is the last that it may have. */
bool accounting_request(struct accounting *accounting, struct tlsring_conn *conn);

#endif
