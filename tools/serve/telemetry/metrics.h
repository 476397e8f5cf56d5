/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_TELEMETRY_METRICS_H
#define TOOLS_SERVE_TELEMETRY_METRICS_H

/*
 * Counters, a set for each thread that serves: it alone writes to them, without locks and on cache
 * lines of its own; whoever asks adds the sets up.
 */

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "tlsring.h"

#define METRICS_BUCKETS	14		/* of durations, without the last, which is for all others */

enum metrics_limit {
	METRICS_LIMIT_CONNECTIONS,
	METRICS_LIMIT_PER_ADDRESS,
	METRICS_LIMIT_HANDSHAKE,
	METRICS_LIMIT_HEADER,
	METRICS_LIMIT_HEADER_BYTES,
	METRICS_LIMIT_IDLE,
	METRICS_LIMIT_RATE,
	METRICS_LIMIT_REQUESTS,
	METRICS_LIMIT_HTTP2,
	METRICS_LIMITS
};

enum metrics_failure {
	METRICS_FAILURE_TIMEOUT,
	METRICS_FAILURE_LEFT,
	METRICS_FAILURE_REFUSED_BY_PEER,
	METRICS_FAILURE_REFUSED,
	METRICS_FAILURE_STOPPING,
	METRICS_FAILURE_OTHER,
	METRICS_FAILURES
};

/* Versions: 0 is TLS 1.2, 1 is TLS 1.3. Directions: 0 is sending. Paths: enum tlsring_path. */
enum metrics_counter {
	METRICS_ACCEPTED,
	METRICS_CLOSED,
	METRICS_HANDSHAKES,				/* [version][full, resumed, early] */
	METRICS_FAILED = METRICS_HANDSHAKES + 2 * 3,	/* [enum metrics_failure] */
	METRICS_OFFLOAD = METRICS_FAILED + METRICS_FAILURES,	/* [direction][path][reason] */
	METRICS_PLACED = METRICS_OFFLOAD + 2 * 3 * TLSRING_REASON_COUNT,	/* [direction][path]: open now */
	METRICS_UPDATES = METRICS_PLACED + 2 * 3,	/* [direction] */
	METRICS_BYTES = METRICS_UPDATES + 2,		/* [path] */
	METRICS_SENT = METRICS_BYTES + 3,		/* [enum tlsring_strategy]: the engines' own count */
	METRICS_REQUESTS = METRICS_SENT + TLSRING_STRATEGY_COUNT,	/* [protocol][status / 100 - 1] */
	METRICS_LIMIT = METRICS_REQUESTS + 3 * 5,	/* [enum metrics_limit] */
	METRICS_DURATION = METRICS_LIMIT + METRICS_LIMITS,	/* [bucket] */
	METRICS_DURATION_SUM = METRICS_DURATION + METRICS_BUCKETS + 1,	/* nsecs */
	METRICS_COUNTERS
};

struct metrics {
	_Alignas(64) _Atomic uint64_t values[METRICS_COUNTERS];
};

/* Zeroed, to be freed; NULL: no memory. */
struct metrics *metrics_new(void);

/* By the thread that owns them. */
static inline void metrics_add(struct metrics *m, unsigned counter, uint64_t by)
{
	uint64_t now = atomic_load_explicit(&m->values[counter], memory_order_relaxed);

	atomic_store_explicit(&m->values[counter], now + by, memory_order_relaxed);
}

/* A duration in nsecs. */
void metrics_duration(struct metrics *m, uint64_t nsecs);
/* Sum up; any thread. */
void metrics_sum(struct metrics *const *sets, unsigned count, uint64_t out[METRICS_COUNTERS]);
/* Everything that was summed up, in Prometheus' text format. */
void metrics_write(FILE *out, const uint64_t sum[METRICS_COUNTERS]);
/* The kernel's counters of /proc/net/tls_stat, under node_exporter's names where it has one. */
void metrics_write_kernel(FILE *out);

#endif
