// SPDX-License-Identifier: MIT
#include "bench.h"

/* Each has the one before it to be compared with. */
const struct bench_mode bench_modes[BENCH_MODES] = {
	{ "plain", "TCP without TLS, sendfile", BENCH_NOBODY, BENCH_SENDFILE },
	{ "user-read", "OpenSSL: read, SSL_write", BENCH_USER, BENCH_READ },
	{ "user-mapped", "OpenSSL: SSL_write from a mapping", BENCH_USER, BENCH_MAPPED },
	{ "user-engine", "tlsring's engine without kernel TLS", BENCH_USER, BENCH_ENGINE },
	{ "kernel-read", "kernel TLS: read, send", BENCH_KERNEL, BENCH_READ },
	{ "kernel-mapped", "kernel TLS: send from a mapping", BENCH_KERNEL, BENCH_MAPPED },
	{ "kernel-sendfile", "kernel TLS: sendfile", BENCH_KERNEL, BENCH_SENDFILE },
	{ "kernel-engine", "tlsring's engine, as `tlsring serve` has it", BENCH_KERNEL, BENCH_ENGINE },
};

const char *const bench_measures[BENCH_MEASURES] = {
	[BENCH_GBITS] = "gbit_per_s", [BENCH_REQUESTS] = "requests_per_s",
	[BENCH_CPU_GIB] = "cpu_s_per_gib", [BENCH_CPU_REQUEST] = "cpu_us_per_request",
	[BENCH_P50] = "latency_p50_us", [BENCH_P90] = "latency_p90_us", [BENCH_P99] = "latency_p99_us",
	[BENCH_P999] = "latency_p99.9_us", [BENCH_P9999] = "latency_p99.99_us",
};

const char *const bench_seals[BENCH_SEALS] = {
	[BENCH_NOBODY] = "nobody", [BENCH_USER] = "user", [BENCH_KERNEL] = "kernel", [BENCH_NIC] = "nic",
};
