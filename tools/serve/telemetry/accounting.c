// SPDX-License-Identifier: MIT
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tools/common/clock.h"
#include "tools/common/log.h"
#include "tools/serve/telemetry/limits.h"
#include "tools/serve/telemetry/access_log.h"
#include "tools/serve/telemetry/accounting.h"
#include "tools/serve/telemetry/metrics.h"

/* A connection's tag counts its requests. This bit: a part of a request has arrived. */
#define ACCOUNTING_AWAITS	(1ull << 63)

/* The status, as other servers log it, of a client that left before its response was made. */
#define ACCOUNTING_LEFT		499

/* The texts of an access_record, one allocation. */
struct accounting_texts {
	struct http_text method, target, host, referer, agent;
	char bytes[];
};

/* ---- exchanges ---- */

static size_t accounting_size(const struct http_text *text, size_t max)
{
	return text->len < max ? text->len : max;
}

static char *accounting_copy(char *at, struct http_text *out, const struct http_text *text,
			     size_t max)
{
	if (!text->at)
		return at;
	*out = (struct http_text){ at, accounting_size(text, max) };
	memcpy(at, text->at, out->len);
	return at + out->len;
}

/* NULL without memory: the log line then lacks them. */
static struct accounting_texts *accounting_texts(const struct http_request *request)
{
	size_t path = accounting_size(&request->path, HTTP_TARGET_LIMIT);
	size_t query = accounting_size(&request->query, HTTP_TARGET_LIMIT - path);
	struct accounting_texts *texts;
	struct http_text rest;
	char *at;

	texts = malloc(sizeof(*texts) + path + query +
		       accounting_size(&request->method, ACCESS_TEXT_MAX) +
		       accounting_size(&request->host, ACCESS_TEXT_MAX) +
		       accounting_size(&request->referer, ACCESS_TEXT_MAX) +
		       accounting_size(&request->agent, ACCESS_TEXT_MAX));
	if (!texts)
		return NULL;
	*texts = (struct accounting_texts){ 0 };
	at = accounting_copy(texts->bytes, &texts->method, &request->method, ACCESS_TEXT_MAX);
	at = accounting_copy(at, &texts->target, &request->path, path);
	at = accounting_copy(at, &rest, &request->query, query);
	texts->target.len += query;
	at = accounting_copy(at, &texts->host, &request->host, ACCESS_TEXT_MAX);
	at = accounting_copy(at, &texts->referer, &request->referer, ACCESS_TEXT_MAX);
	accounting_copy(at, &texts->agent, &request->agent, ACCESS_TEXT_MAX);
	return texts;
}

void accounting_begin(const struct accounting *accounting, struct accounting_exchange *out,
		      const struct http_request *request, enum accounting_protocol protocol)
{
	*out = (struct accounting_exchange){
		.began = clock_ns(CLOCK_MONOTONIC),
		.status = ACCOUNTING_LEFT,
		.protocol = (uint8_t)protocol,
		.texts = accounting->ring ? accounting_texts(request) : NULL,
	};
}

static void accounting_log(struct accounting *accounting,
			   const struct accounting_exchange *exchange,
			   const struct tlsring_info *info, uint64_t bytes, uint64_t nsecs)
{
	static const char *const names[] = { "HTTP/1.0", "HTTP/1.1", "HTTP/2.0" };
	struct access_record record = {
		.protocol = names[exchange->protocol],
		.info = info,
		.status = exchange->status,
		.bytes = bytes,
		.usecs = nsecs / 1000,
		.complete = bytes == exchange->length,
	};

	if (exchange->texts) {
		record.method = exchange->texts->method;
		record.target = exchange->texts->target;
		record.host = exchange->texts->host;
		record.referer = exchange->texts->referer;
		record.agent = exchange->texts->agent;
	}
	/* Coarse: where the clock is no TSC, a precise time costs a system call. */
	clock_gettime(CLOCK_REALTIME_COARSE, &record.when);
	access_ring_put(
		accounting->ring, accounting->line,
		access_format(accounting->format, &record, &accounting->clock, accounting->line));
}

void accounting_end(struct accounting *accounting, struct accounting_exchange *exchange,
		    const struct tlsring_conn *conn, uint64_t unsent)
{
	struct tlsring_info info;
	uint64_t nsecs, bytes = exchange->length > unsent ? exchange->length - unsent : 0;
	unsigned kind = exchange->status / 100u - 1;

	info.size = sizeof(info);
	if (!exchange->began || tlsring_conn_info(conn, &info))
		return;
	nsecs = clock_ns(CLOCK_MONOTONIC) - exchange->began;
	if (kind < 5)
		metrics_add(accounting->metrics, METRICS_REQUESTS + 5 * exchange->protocol + kind,
			    1);
	if (exchange->status == 431)
		metrics_add(accounting->metrics, METRICS_LIMIT + METRICS_LIMIT_HEADER_BYTES, 1);
	metrics_duration(accounting->metrics, nsecs);
	if (info.tx.path <= TLSRING_PATH_NIC)
		metrics_add(accounting->metrics, METRICS_BYTES + info.tx.path, bytes);
	if (accounting->ring)
		accounting_log(accounting, exchange, &info, bytes, nsecs);
	free(exchange->texts);
	*exchange = (struct accounting_exchange){ 0 };
}

/* ---- connections ---- */

bool accounting_accepting(struct accounting *accounting, const struct sockaddr *peer)
{
	enum limits_verdict verdict = accounting->limits ? limits_enter(accounting->limits, peer)
							 : LIMITS_WELCOME;

	metrics_add(accounting->metrics, METRICS_ACCEPTED, 1);
	if (!verdict)
		return true;
	metrics_add(accounting->metrics, METRICS_CLOSED, 1);
	metrics_add(accounting->metrics,
		    METRICS_LIMIT + (verdict == LIMITS_TOO_MANY ? METRICS_LIMIT_CONNECTIONS
								: METRICS_LIMIT_PER_ADDRESS),
		    1);
	return false;
}

static unsigned accounting_placed(unsigned direction, const struct tlsring_direction *where)
{
	return METRICS_PLACED + 3 * direction + where->path;
}

/* Count one more open connection whose direction is there; count UINT64_MAX: one fewer. */
static void accounting_place(struct accounting *accounting, unsigned direction,
			     const struct tlsring_direction *where, uint64_t count)
{
	if (where->path <= TLSRING_PATH_NIC)
		metrics_add(accounting->metrics, accounting_placed(direction, where), count);
}

/* Count a connection whose direction stays there. */
static void accounting_settle(struct accounting *accounting, unsigned direction,
			      const struct tlsring_direction *where)
{
	if (where->path <= TLSRING_PATH_NIC)
		metrics_add(accounting->metrics,
			    METRICS_OFFLOAD + (3 * direction + where->path) * TLSRING_REASON_COUNT +
				    where->reason,
			    1);
}

/* Log why records are not sealed on the network card, once for each reason. */
static void accounting_explain(const struct tlsring_info *info)
{
	static _Atomic uint32_t said;
	uint32_t bit = 1u << info->tx.reason;
	const char *remedy = tlsring_reason_remedy(info->tx.reason);

	if (info->tx.path != TLSRING_PATH_KERNEL || !info->tx.reason ||
	    atomic_fetch_or(&said, bit) & bit)
		return;
	log_peer(&info->peer, "not on the network card (%s, %s): %s%s%s", info->version,
		 info->cipher, tlsring_reason_text(info->tx.reason), *remedy ? "; " : "", remedy);
}

static void accounting_decided(struct accounting *accounting, const struct tlsring_info *info)
{
	accounting_settle(accounting, 0, &info->tx);
	accounting_settle(accounting, 1, &info->rx);
	accounting_explain(info);
}

void accounting_opened(struct accounting *accounting, const struct tlsring_info *info)
{
	bool tls13 = !strcmp(info->version, "TLSv1.3");

	metrics_add(accounting->metrics,
		    METRICS_HANDSHAKES + 3 * tls13 + (info->early ? 2 : info->resumed), 1);
	accounting_place(accounting, 0, &info->tx, 1);
	accounting_place(accounting, 1, &info->rx, 1);
	if (info->tx.reason != TLSRING_REASON_NOT_YET)
		accounting_decided(accounting, info);
}

void accounting_handed(struct accounting *accounting, const struct tlsring_conn *conn)
{
	static const struct tlsring_direction before = { .path = TLSRING_PATH_USER };
	struct tlsring_info info = { .size = sizeof(info) };

	if (tlsring_conn_info(conn, &info))
		return;
	accounting_place(accounting, 0, &before, UINT64_MAX);
	accounting_place(accounting, 1, &before, UINT64_MAX);
	accounting_place(accounting, 0, &info.tx, 1);
	accounting_place(accounting, 1, &info.rx, 1);
	accounting_decided(accounting, &info);
}

static enum metrics_failure accounting_failure(const struct tlsring_end *end)
{
	if (end->limit == TLSRING_LIMIT_HANDSHAKE)
		return METRICS_FAILURE_TIMEOUT;
	if (end->result == -EPIPE || end->result == -ECONNRESET)
		return METRICS_FAILURE_LEFT;
	if (end->result == -ECANCELED)
		return METRICS_FAILURE_STOPPING;
	if (end->result <= TLSRING_EALERT_RECEIVED(0) && end->result > TLSRING_ELIBRARY)
		return METRICS_FAILURE_REFUSED_BY_PEER;
	if (end->result <= TLSRING_EALERT_SENT(0))
		return METRICS_FAILURE_REFUSED;
	return METRICS_FAILURE_OTHER;
}

static void accounting_limit(struct accounting *accounting, enum tlsring_limit limit)
{
	static const uint8_t kinds[] = {
		[TLSRING_LIMIT_HANDSHAKE] = METRICS_LIMIT_HANDSHAKE,
		[TLSRING_LIMIT_IDLE] = METRICS_LIMIT_IDLE,
		[TLSRING_LIMIT_DEADLINE] = METRICS_LIMIT_HEADER,
		[TLSRING_LIMIT_RATE] = METRICS_LIMIT_RATE,
	};

	if (limit != TLSRING_LIMIT_NONE)
		metrics_add(accounting->metrics, METRICS_LIMIT + kinds[limit], 1);
}

void accounting_closed(struct accounting *accounting, const struct tlsring_conn *conn,
		       const struct tlsring_end *end)
{
	struct tlsring_info info = { .size = sizeof(info) };

	metrics_add(accounting->metrics, METRICS_CLOSED, 1);
	accounting_limit(accounting, end->limit);
	if (accounting->limits)
		limits_leave(accounting->limits, (const struct sockaddr *)&end->peer);
	if (!end->opened) {
		metrics_add(accounting->metrics, METRICS_FAILED + accounting_failure(end), 1);
	} else if (!tlsring_conn_info(conn, &info)) {
		metrics_add(accounting->metrics, METRICS_UPDATES, info.tx_updates);
		metrics_add(accounting->metrics, METRICS_UPDATES + 1, info.rx_updates);
		accounting_place(accounting, 0, &info.tx, UINT64_MAX);
		accounting_place(accounting, 1, &info.rx, UINT64_MAX);
		/* It ended before its keys were due to go to the kernel. */
		if (info.tx.reason == TLSRING_REASON_NOT_YET)
			accounting_decided(accounting, &info);
	}
}

void accounting_awaits(const struct accounting *accounting, struct tlsring_conn *conn,
		       uint64_t body)
{
	uint64_t tag = tlsring_conn_tag(conn),
		 msecs = 1000ull * accounting->settings->header_timeout;

	if (tag & ACCOUNTING_AWAITS)
		return;
	if (accounting->settings->min_rate)
		msecs += 1000 * body / accounting->settings->min_rate;
	tlsring_conn_set_tag(conn, tag | ACCOUNTING_AWAITS);
	tlsring_conn_set_deadline(conn, (unsigned)msecs);
}

void accounting_arrived(struct tlsring_conn *conn)
{
	uint64_t tag = tlsring_conn_tag(conn);

	if (!(tag & ACCOUNTING_AWAITS))
		return;
	tlsring_conn_set_tag(conn, tag & ~ACCOUNTING_AWAITS);
	tlsring_conn_set_deadline(conn, 0);
}

bool accounting_file_begin(struct accounting *accounting, const struct tlsring_conn *conn)
{
	struct tlsring_info info = { .size = sizeof(info) };

	if (!accounting->limits)
		return true;
	if (!tlsring_conn_info(conn, &info) &&
	    limits_file_enter(accounting->limits, (const struct sockaddr *)&info.peer))
		return true;
	metrics_add(accounting->metrics, METRICS_LIMIT + METRICS_LIMIT_FILES, 1);
	return false;
}

void accounting_file_end(struct accounting *accounting, const struct tlsring_conn *conn)
{
	struct tlsring_info info = { .size = sizeof(info) };

	if (accounting->limits && !tlsring_conn_info(conn, &info))
		limits_file_leave(accounting->limits, (const struct sockaddr *)&info.peer);
}

void accounting_flooded(struct accounting *accounting)
{
	metrics_add(accounting->metrics, METRICS_LIMIT + METRICS_LIMIT_HTTP2, 1);
}

bool accounting_request(struct accounting *accounting, struct tlsring_conn *conn)
{
	unsigned max = accounting->settings->requests;
	uint64_t count;

	accounting_arrived(conn);
	count = tlsring_conn_tag(conn) + 1;
	tlsring_conn_set_tag(conn, count);
	if (!max || count < max)
		return true;
	if (count == max)
		metrics_add(accounting->metrics, METRICS_LIMIT + METRICS_LIMIT_REQUESTS, 1);
	return false;
}
