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
struct answer;
struct http_request;
struct limits;
struct metrics;

enum account_protocol { ACCOUNT_HTTP10 = 0, ACCOUNT_HTTP11, ACCOUNT_HTTP2 };

/* One thread's. */
struct account {
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
struct account_exchange {
	uint64_t began;			/* nsecs, monotonic */
	uint64_t length;		/* of the content; 0 for HEAD and the like */
	struct account_texts *texts;	/* owned: what the log wants of the request; or NULL */
	uint16_t status;
	uint8_t protocol;		/* enum account_protocol */
};

/* A request was understood, or refused, and its answer made, whose content is there still. Texts are
 * copied. */
void account_begin(const struct account *account, struct account_exchange *out,
		   const struct http_request *request, const struct answer *answer,
		   enum account_protocol protocol);
/* It is over: so much of its content was not sent. To be called once, inside a handler at the latest in
 * closed(); does nothing for one that never began. */
void account_end(struct account *account, struct account_exchange *exchange,
		 const struct tlsring_conn *conn, uint64_t unsent);

/* May a connection come in? As struct tlsring_handlers' accepting(). */
bool account_accepting(struct account *account, const struct sockaddr *peer);
void account_opened(struct account *account, const struct tlsring_info *info);
/* As struct tlsring_handlers' handed(). */
void account_handed(struct account *account, const struct tlsring_conn *conn);
/* For each that account_accepting() let in. */
void account_closed(struct account *account, const struct tlsring_conn *conn, const struct tlsring_end *end);
/* Half a request is there: the rest of a head (body: 0), or of a body of so many bytes, must come within
 * the limits. The first call counts, until account_arrived(). */
void account_awaits(const struct account *account, struct tlsring_conn *conn, uint64_t body);
void account_arrived(struct tlsring_conn *conn);
/* A connection is sent away for what it makes the server do. */
void account_calmed(struct account *account);
/* A request begins on this connection, its head is there. False: it is the last that it may have. */
bool account_request(struct account *account, struct tlsring_conn *conn);

#endif
