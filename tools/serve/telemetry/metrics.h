/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_TELEMETRY_METRICS_H
#define TOOLS_SERVE_TELEMETRY_METRICS_H

/*
 * Counters. Each serving thread alone writes to a set of its own, without locks and on cache lines
 * of its own; readers add the sets up.
 */

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "tlsring.h"

#define METRICS_BUCKETS	14		/* of durations, besides the last one for all longer ones */

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
	METRICS_LIMIT_FILES, METRICS_LIMITS
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
	/* [direction][path]: open now */
	METRICS_PLACED = METRICS_OFFLOAD + 2 * 3 * TLSRING_REASON_COUNT,
	METRICS_UPDATES = METRICS_PLACED + 2 * 3,	/* [direction] */
	METRICS_BYTES = METRICS_UPDATES + 2,		/* [path] */
	METRICS_SENT = METRICS_BYTES + 3,		/* [enum tlsring_strategy] */
	/* [protocol][status / 100 - 1] */
	METRICS_REQUESTS = METRICS_SENT + TLSRING_STRATEGY_COUNT,
	METRICS_LIMIT = METRICS_REQUESTS + 3 * 5,	/* [enum metrics_limit] */
	METRICS_DURATION = METRICS_LIMIT + METRICS_LIMITS,	/* [bucket] */
	METRICS_DURATION_SUM = METRICS_DURATION + METRICS_BUCKETS + 1,	/* nsecs */
	METRICS_COUNTERS
};

struct metrics {
	_Alignas(64) _Atomic uint64_t values[METRICS_COUNTERS];
};

/* All zero; for free(). NULL: out of memory. */
struct metrics *metrics_new(void);

/* By the thread that owns the set. */
static inline void metrics_add(struct metrics *m, unsigned counter, uint64_t by)
{
	uint64_t now = atomic_load_explicit(&m->values[counter], memory_order_relaxed);

	atomic_store_explicit(&m->values[counter], now + by, memory_order_relaxed);
}

/* Count a duration in nsecs. By the thread that owns the set. */
void metrics_duration(struct metrics *m, uint64_t nsecs);
/* Add up the sets. Any thread. */
void metrics_sum(struct metrics *const *sets, unsigned count, uint64_t out[METRICS_COUNTERS]);
/* Write all counters in the text format of Prometheus. */
void metrics_write(FILE *out, const uint64_t sum[METRICS_COUNTERS]);
/* Write the kernel's counters of /proc/net/tls_stat, by node_exporter's names where it has them. */
void metrics_write_kernel(FILE *out);

#endif
