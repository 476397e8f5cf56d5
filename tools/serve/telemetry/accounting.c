// SPDX-License-Identifier: MIT
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "tools/serve/telemetry/access_log.h"
#include "tools/serve/telemetry/accounting.h"
#include "tools/serve/http/response.h"
#include "tools/serve/limits.h"
#include "tools/common/log.h"
#include "tools/serve/telemetry/metrics.h"

#define ACCOUNT_NSEC	1000000000ull
/* A connection's tag counts its requests; this bit: half of one is there. */
#define ACCOUNT_AWAITS	(1ull << 63)

/* Those of an access_record, one after the other. */
struct account_texts {
	struct http_text method, target, host, referer, agent;
	char bytes[];
};

static uint64_t account_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * ACCOUNT_NSEC + (uint64_t)now.tv_nsec;
}

/* ---- exchanges ---- */

static size_t account_size(const struct http_text *text, size_t most)
{
	return text->len < most ? text->len : most;
}

static char *account_copy(char *at, struct http_text *out, const struct http_text *text, size_t most)
{
	if (!text->at)
		return at;
	*out = (struct http_text){ at, account_size(text, most) };
	memcpy(at, text->at, out->len);
	return at + out->len;
}

/* NULL when there is no memory: the line then tells less. */
static struct account_texts *account_texts(const struct http_request *request)
{
	size_t path = account_size(&request->path, HTTP_TARGET_LIMIT);
	size_t query = account_size(&request->query, HTTP_TARGET_LIMIT - path);
	struct account_texts *texts;
	struct http_text rest;
	char *at;

	texts = malloc(sizeof(*texts) + path + query + account_size(&request->method, ACCESS_TEXT_MAX) +
		       account_size(&request->host, ACCESS_TEXT_MAX) +
		       account_size(&request->referer, ACCESS_TEXT_MAX) +
		       account_size(&request->agent, ACCESS_TEXT_MAX));
	if (!texts)
		return NULL;
	*texts = (struct account_texts){ 0 };
	at = account_copy(texts->bytes, &texts->method, &request->method, ACCESS_TEXT_MAX);
	at = account_copy(at, &texts->target, &request->path, path);
	at = account_copy(at, &rest, &request->query, query);
	texts->target.len += query;
	at = account_copy(at, &texts->host, &request->host, ACCESS_TEXT_MAX);
	at = account_copy(at, &texts->referer, &request->referer, ACCESS_TEXT_MAX);
	account_copy(at, &texts->agent, &request->agent, ACCESS_TEXT_MAX);
	return texts;
}

void account_begin(const struct account *account, struct account_exchange *out,
		   const struct http_request *request, const struct answer *answer,
		   enum account_protocol protocol)
{
	*out = (struct account_exchange){
		.began = account_now(), .length = answer->content.left, .status = (uint16_t)answer->status,
		.protocol = (uint8_t)protocol, .texts = account->ring ? account_texts(request) : NULL,
	};
}

static void account_log(struct account *account, const struct account_exchange *exchange,
			const struct tlsring_info *info, uint64_t bytes, uint64_t nsecs)
{
	static const char *const names[] = { "HTTP/1.0", "HTTP/1.1", "HTTP/2.0" };
	struct access_record record = {
		.protocol = names[exchange->protocol], .info = info, .status = exchange->status, .bytes = bytes,
		.usecs = nsecs / 1000, .complete = bytes == exchange->length,
	};

	if (exchange->texts) {
		record.method = exchange->texts->method;
		record.target = exchange->texts->target;
		record.host = exchange->texts->host;
		record.referer = exchange->texts->referer;
		record.agent = exchange->texts->agent;
	}
	/* To the kernel's tick: without a look at a clock, which costs a system call where that is no TSC. */
	clock_gettime(CLOCK_REALTIME_COARSE, &record.when);
	access_ring_put(account->ring, account->line,
			access_format(account->format, &record, &account->clock, account->line));
}

void account_end(struct account *account, struct account_exchange *exchange,
		 const struct tlsring_conn *conn, uint64_t unsent)
{
	struct tlsring_info info;
	uint64_t nsecs, bytes = exchange->length > unsent ? exchange->length - unsent : 0;
	unsigned kind = exchange->status / 100u - 1;

	info.size = sizeof(info);
	if (!exchange->began || tlsring_conn_info(conn, &info))
		return;
	nsecs = account_now() - exchange->began;
	if (kind < 5)
		metrics_add(account->metrics, METRICS_REQUESTS + 5 * exchange->protocol + kind, 1);
	if (exchange->status == 431)
		metrics_add(account->metrics, METRICS_LIMIT + METRICS_LIMIT_HEADER_BYTES, 1);
	metrics_duration(account->metrics, nsecs);
	if (info.tx.path <= TLSRING_PATH_NIC)
		metrics_add(account->metrics, METRICS_BYTES + info.tx.path, bytes);
	if (account->ring)
		account_log(account, exchange, &info, bytes, nsecs);
	free(exchange->texts);
	*exchange = (struct account_exchange){ 0 };
}

/* ---- connections ---- */

bool account_accepting(struct account *account, const struct sockaddr *peer)
{
	enum limits_verdict verdict = account->limits ? limits_enter(account->limits, peer) : LIMITS_WELCOME;

	metrics_add(account->metrics, METRICS_ACCEPTED, 1);
	if (!verdict)
		return true;
	metrics_add(account->metrics, METRICS_CLOSED, 1);
	metrics_add(account->metrics, METRICS_LIMIT + (verdict == LIMITS_TOO_MANY ? METRICS_LIMIT_CONNECTIONS :
										    METRICS_LIMIT_PER_ADDRESS), 1);
	return false;
}

static unsigned account_placed(unsigned direction, const struct tlsring_direction *where)
{
	return METRICS_PLACED + 3 * direction + where->path;
}

/* One more open connection has this direction there, or, by UINT64_MAX, one fewer. */
static void account_place(struct account *account, unsigned direction, const struct tlsring_direction *where,
			  uint64_t count)
{
	if (where->path <= TLSRING_PATH_NIC)
		metrics_add(account->metrics, account_placed(direction, where), count);
}

/* It stays there. */
static void account_settle(struct account *account, unsigned direction, const struct tlsring_direction *where)
{
	if (where->path <= TLSRING_PATH_NIC)
		metrics_add(account->metrics, METRICS_OFFLOAD +
			    (3 * direction + where->path) * TLSRING_REASON_COUNT + where->reason, 1);
}

/* Where a network card could do the work: why it does not, once for each reason. */
static void account_explain(const struct tlsring_info *info)
{
	static _Atomic uint32_t said;
	uint32_t bit = 1u << info->tx.reason;
	const char *remedy = tlsring_reason_remedy(info->tx.reason);

	if (info->tx.path != TLSRING_PATH_KERNEL || !info->tx.reason || atomic_fetch_or(&said, bit) & bit)
		return;
	log_peer(&info->peer, "not on the network card (%s, %s): %s%s%s", info->version, info->cipher,
		 tlsring_reason_text(info->tx.reason), *remedy ? "; " : "", remedy);
}

static void account_decided(struct account *account, const struct tlsring_info *info)
{
	account_settle(account, 0, &info->tx);
	account_settle(account, 1, &info->rx);
	account_explain(info);
}

void account_opened(struct account *account, const struct tlsring_info *info)
{
	bool tls13 = !strcmp(info->version, "TLSv1.3");

	metrics_add(account->metrics, METRICS_HANDSHAKES + 3 * tls13 + (info->early ? 2 : info->resumed), 1);
	account_place(account, 0, &info->tx, 1);
	account_place(account, 1, &info->rx, 1);
	if (info->tx.reason != TLSRING_REASON_NOT_YET)
		account_decided(account, info);
}

void account_handed(struct account *account, const struct tlsring_conn *conn)
{
	static const struct tlsring_direction before = { .path = TLSRING_PATH_USER };
	struct tlsring_info info = { .size = sizeof(info) };

	if (tlsring_conn_info(conn, &info))
		return;
	account_place(account, 0, &before, UINT64_MAX);
	account_place(account, 1, &before, UINT64_MAX);
	account_place(account, 0, &info.tx, 1);
	account_place(account, 1, &info.rx, 1);
	account_decided(account, &info);
}

static enum metrics_failure account_failure(const struct tlsring_end *end)
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

static void account_limit(struct account *account, enum tlsring_limit limit)
{
	static const uint8_t kinds[] = {
		[TLSRING_LIMIT_HANDSHAKE] = METRICS_LIMIT_HANDSHAKE, [TLSRING_LIMIT_IDLE] = METRICS_LIMIT_IDLE,
		[TLSRING_LIMIT_DEADLINE] = METRICS_LIMIT_HEADER, [TLSRING_LIMIT_RATE] = METRICS_LIMIT_RATE,
	};

	if (limit != TLSRING_LIMIT_NONE)
		metrics_add(account->metrics, METRICS_LIMIT + kinds[limit], 1);
}

void account_closed(struct account *account, const struct tlsring_conn *conn, const struct tlsring_end *end)
{
	struct tlsring_info info = { .size = sizeof(info) };

	metrics_add(account->metrics, METRICS_CLOSED, 1);
	account_limit(account, end->limit);
	if (account->limits)
		limits_leave(account->limits, (const struct sockaddr *)&end->peer);
	if (!end->opened) {
		metrics_add(account->metrics, METRICS_FAILED + account_failure(end), 1);
	} else if (!tlsring_conn_info(conn, &info)) {
		metrics_add(account->metrics, METRICS_UPDATES, info.tx_updates);
		metrics_add(account->metrics, METRICS_UPDATES + 1, info.rx_updates);
		account_place(account, 0, &info.tx, UINT64_MAX);
		account_place(account, 1, &info.rx, UINT64_MAX);
		/* It was gone before its keys were to go to the kernel. */
		if (info.tx.reason == TLSRING_REASON_NOT_YET)
			account_decided(account, &info);
	}
}

void account_awaits(const struct account *account, struct tlsring_conn *conn, uint64_t body)
{
	uint64_t tag = tlsring_conn_tag(conn), msecs = 1000ull * account->settings->header_timeout;

	if (tag & ACCOUNT_AWAITS)
		return;
	if (account->settings->min_rate)
		msecs += 1000 * body / account->settings->min_rate;
	tlsring_conn_set_tag(conn, tag | ACCOUNT_AWAITS);
	tlsring_conn_set_deadline(conn, (unsigned)msecs);
}

void account_arrived(struct tlsring_conn *conn)
{
	uint64_t tag = tlsring_conn_tag(conn);

	if (!(tag & ACCOUNT_AWAITS))
		return;
	tlsring_conn_set_tag(conn, tag & ~ACCOUNT_AWAITS);
	tlsring_conn_set_deadline(conn, 0);
}

void account_calmed(struct account *account)
{
	metrics_add(account->metrics, METRICS_LIMIT + METRICS_LIMIT_HTTP2, 1);
}

bool account_request(struct account *account, struct tlsring_conn *conn)
{
	unsigned most = account->settings->requests;
	uint64_t count;

	account_arrived(conn);
	count = tlsring_conn_tag(conn) + 1;
	tlsring_conn_set_tag(conn, count);
	if (!most || count < most)
		return true;
	if (count == most)
		metrics_add(account->metrics, METRICS_LIMIT + METRICS_LIMIT_REQUESTS, 1);
	return false;
}
