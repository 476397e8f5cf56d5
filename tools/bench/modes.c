// SPDX-License-Identifier: MIT
#include <string.h>
#include "tools/bench/modes.h"

/* Each is followed by those that it is compared with. */
const struct bench_mode bench_modes[BENCH_MODES] = {
	{ "plain", "TCP without TLS, sendfile",
	  BENCH_NOBODY, BENCH_SENDFILE, BENCH_LASTING, BENCH_OWN },
	{ "user-read", "OpenSSL: read, SSL_write",
	  BENCH_USER, BENCH_READ, BENCH_LASTING, BENCH_OWN },
	{ "user-mapped", "OpenSSL: SSL_write from a mapping",
	  BENCH_USER, BENCH_MAPPED, BENCH_LASTING, BENCH_OWN },
	{ "user-engine", "tlsring's engine, records sealed by the library",
	  BENCH_USER, BENCH_ENGINE, BENCH_LASTING, BENCH_OWN },
	{ "kernel-read", "kernel TLS: read, send",
	  BENCH_KERNEL, BENCH_READ, BENCH_LASTING, BENCH_OWN },
	{ "kernel-mapped", "kernel TLS: send from a mapping",
	  BENCH_KERNEL, BENCH_MAPPED, BENCH_LASTING, BENCH_OWN },
	{ "kernel-sendfile", "kernel TLS: sendfile",
	  BENCH_KERNEL, BENCH_SENDFILE, BENCH_LASTING, BENCH_OWN },
	{ "kernel-engine", "tlsring's engine, as `tlsring serve` has it",
	  BENCH_KERNEL, BENCH_ENGINE, BENCH_LASTING, BENCH_OWN },
	{ "nic-sendfile", "TLS by the network card: sendfile",
	  BENCH_NIC, BENCH_SENDFILE, BENCH_LASTING, BENCH_OWN },
	{ "nic-zerocopy", "the same, from the page cache itself",
	  BENCH_NIC, BENCH_ZEROCOPY, BENCH_LASTING, BENCH_OWN },
	{ "nic-engine", "tlsring's engine, TLS by the network card",
	  BENCH_NIC, BENCH_ENGINE, BENCH_LASTING, BENCH_OWN },
	{ "plain-new", "TCP without TLS, new connections",
	  BENCH_NOBODY, BENCH_SENDFILE, BENCH_FULL, BENCH_OWN },
	{ "user-full", "OpenSSL, full handshakes",
	  BENCH_USER, BENCH_MAPPED, BENCH_FULL, BENCH_OWN },
	{ "user-resumed", "OpenSSL, resumed handshakes",
	  BENCH_USER, BENCH_MAPPED, BENCH_RESUMED, BENCH_OWN },
	{ "engine-full", "tlsring's engine in user space, full",
	  BENCH_USER, BENCH_ENGINE, BENCH_FULL, BENCH_OWN },
	{ "engine-resumed", "tlsring's engine in user space, resumed",
	  BENCH_USER, BENCH_ENGINE, BENCH_RESUMED, BENCH_OWN },
	{ "kernel-full", "tlsring's engine, full handshakes",
	  BENCH_KERNEL, BENCH_ENGINE, BENCH_FULL, BENCH_OWN },
	{ "kernel-resumed", "tlsring's engine, resumed handshakes",
	  BENCH_KERNEL, BENCH_ENGINE, BENCH_RESUMED, BENCH_OWN },
	{ "nic-full", "tlsring's engine, TLS by the network card, full",
	  BENCH_NIC, BENCH_ENGINE, BENCH_FULL, BENCH_OWN },
	{ "nic-resumed", "the same, resumed handshakes",
	  BENCH_NIC, BENCH_ENGINE, BENCH_RESUMED, BENCH_OWN },
	{ "user-soak", "tlsring's engine in user space, for long",
	  BENCH_USER, BENCH_ENGINE, BENCH_SOAK, BENCH_OWN },
	{ "kernel-soak", "tlsring's engine, for long",
	  BENCH_KERNEL, BENCH_ENGINE, BENCH_SOAK, BENCH_OWN },
	{ "nic-soak", "tlsring's engine, TLS by the network card, for long",
	  BENCH_NIC, BENCH_ENGINE, BENCH_SOAK, BENCH_OWN },
	{ "plain-idle", "TCP without TLS, idle connections",
	  BENCH_NOBODY, BENCH_SENDFILE, BENCH_IDLE, BENCH_OWN },
	{ "user-idle", "OpenSSL, idle connections",
	  BENCH_USER, BENCH_MAPPED, BENCH_IDLE, BENCH_OWN },
	{ "engine-idle", "tlsring's engine in user space, idle connections",
	  BENCH_USER, BENCH_ENGINE, BENCH_IDLE, BENCH_OWN },
	{ "kernel-idle", "tlsring's engine, idle connections",
	  BENCH_KERNEL, BENCH_ENGINE, BENCH_IDLE, BENCH_OWN },
	{ "serve-user", "`tlsring serve` without kernel TLS",
	  BENCH_USER, BENCH_ENGINE, BENCH_LASTING, BENCH_SERVE },
	{ "serve-kernel", "`tlsring serve`",
	  BENCH_KERNEL, BENCH_ENGINE, BENCH_LASTING, BENCH_SERVE },
	{ "nginx-user", "nginx without kernel TLS",
	  BENCH_USER, BENCH_READ, BENCH_LASTING, BENCH_NGINX },
	{ "nginx-kernel", "nginx with kernel TLS, sendfile",
	  BENCH_KERNEL, BENCH_SENDFILE, BENCH_LASTING, BENCH_NGINX },
	{ "serve-full", "`tlsring serve`, full handshakes",
	  BENCH_KERNEL, BENCH_ENGINE, BENCH_FULL, BENCH_SERVE },
	{ "serve-resumed", "`tlsring serve`, resumed handshakes",
	  BENCH_KERNEL, BENCH_ENGINE, BENCH_RESUMED, BENCH_SERVE },
	{ "nginx-full", "nginx without kernel TLS, full",
	  BENCH_USER, BENCH_READ, BENCH_FULL, BENCH_NGINX },
	{ "nginx-resumed", "nginx without kernel TLS, resumed",
	  BENCH_USER, BENCH_READ, BENCH_RESUMED, BENCH_NGINX },
	{ "nginx-kernel-full", "nginx with kernel TLS, full",
	  BENCH_KERNEL, BENCH_SENDFILE, BENCH_FULL, BENCH_NGINX },
	{ "nginx-kernel-resumed", "nginx with kernel TLS, resumed",
	  BENCH_KERNEL, BENCH_SENDFILE, BENCH_RESUMED, BENCH_NGINX },
	{ "openssl-full", "openssl s_server, full handshakes",
	  BENCH_USER, BENCH_READ, BENCH_FULL, BENCH_OPENSSL },
	{ "openssl-resumed", "openssl s_server, resumed handshakes",
	  BENCH_USER, BENCH_READ, BENCH_RESUMED, BENCH_OPENSSL },
	{ "openssl-kernel-full", "openssl s_server with kernel TLS, full",
	  BENCH_KERNEL, BENCH_READ, BENCH_FULL, BENCH_OPENSSL },
	{ "openssl-sendfile", "the same with -sendfile",
	  BENCH_KERNEL, BENCH_SENDFILE, BENCH_FULL, BENCH_OPENSSL },
	{ "serve-idle", "`tlsring serve`, idle connections",
	  BENCH_KERNEL, BENCH_ENGINE, BENCH_IDLE, BENCH_SERVE },
	{ "nginx-idle", "nginx without kernel TLS, idle connections",
	  BENCH_USER, BENCH_READ, BENCH_IDLE, BENCH_NGINX },
	{ "nginx-kernel-idle", "nginx with kernel TLS, idle connections",
	  BENCH_KERNEL, BENCH_SENDFILE, BENCH_IDLE, BENCH_NGINX },
};

const struct bench_mode *bench_mode_find(const char *name)
{
	for (unsigned i = 0; i < BENCH_MODES; i++)
		if (!strcmp(name, bench_modes[i].name))
			return &bench_modes[i];
	return NULL;
}

/* Modes that receive; all others differ only in how they send. */
static const struct {
	const char *name, *receive, *both;
} modes_receiving[] = {
	{ "plain", "TCP without TLS: recv", "TCP without TLS: recv, sendfile" },
	{ "user-read", "OpenSSL: SSL_read", "OpenSSL: SSL_read; read, SSL_write" },
	{ "user-engine", "tlsring's engine, records sealed by the library",
	  "tlsring's engine, records sealed by the library" },
	{ "kernel-read", "kernel TLS: recvmsg", "kernel TLS: recvmsg; read, send" },
	{ "kernel-engine", "tlsring's engine", "tlsring's engine" },
	{ "nic-engine", "tlsring's engine, TLS by the network card",
	  "tlsring's engine, TLS by the network card" },
};

const char *bench_mode_text(const struct bench_mode *mode, enum bench_direction direction)
{
	if (direction == BENCH_SEND)
		return mode->text;
	for (size_t i = 0; i < sizeof(modes_receiving) / sizeof(modes_receiving[0]); i++)
		if (!strcmp(modes_receiving[i].name, mode->name))
			return direction == BENCH_RECEIVE ? modes_receiving[i].receive :
							    modes_receiving[i].both;
	return NULL;
}

const char *const bench_measures[BENCH_MEASURES] = {
	[BENCH_GBITS] = "gbit_per_s", [BENCH_REQUESTS] = "requests_per_s",
	[BENCH_CPU_GIB] = "cpu_s_per_gib", [BENCH_CPU_REQUEST] = "cpu_us_per_request",
	[BENCH_HANDSHAKES] = "handshakes_per_s", [BENCH_CPU_HANDSHAKE] = "cpu_us_per_handshake",
	[BENCH_HANDSHAKE_P50] = "handshake_p50_us", [BENCH_HANDSHAKE_P99] = "handshake_p99_us",
	[BENCH_INSTALLS] = "installs_per_s",
	[BENCH_INSTALL_P50] = "install_p50_ns", [BENCH_INSTALL_P99] = "install_p99_ns",
	[BENCH_MEMORY] = "memory_bytes_per_connection",
	[BENCH_P50] = "latency_p50_us", [BENCH_P90] = "latency_p90_us",
	[BENCH_P99] = "latency_p99_us",
	[BENCH_P999] = "latency_p99.9_us", [BENCH_P9999] = "latency_p99.99_us",
	[BENCH_LATENCY_MAX] = "latency_max_us",
	[BENCH_CYCLES_BYTE] = "cycles_per_byte", [BENCH_CYCLES_REQUEST] = "cycles_per_request",
	[BENCH_INSNS_BYTE] = "instructions_per_byte",
	[BENCH_INSNS_REQUEST] = "instructions_per_request",
	[BENCH_TRAFFIC_BYTE] = "memory_traffic_bytes_per_byte",
	[BENCH_TRAFFIC] = "memory_traffic_bytes_per_s",
};

const char *const bench_card_events[BENCH_CARD_EVENTS] = {
	[BENCH_CARD_OOO] = "out_of_order", [BENCH_CARD_RESYNC] = "resyncs",
	[BENCH_CARD_DROP] = "drops", [BENCH_CARD_FALLBACK] = "fallbacks",
};

const char *const bench_limits[BENCH_LIMITS] = {
	[BENCH_LIMIT_SERVER] = "server", [BENCH_LIMIT_CLIENT] = "client",
	[BENCH_LIMIT_TURNS] = "turns", [BENCH_LIMIT_OTHER] = "other",
};

const double bench_percentiles[BENCH_PERCENTILES] = { 50, 90, 99, 99.9, 99.99 };

const char *const bench_seals[BENCH_SEALS] = {
	[BENCH_NOBODY] = "nobody", [BENCH_USER] = "user", [BENCH_KERNEL] = "kernel",
	[BENCH_NIC] = "nic",
};

const char *const bench_done[BENCH_DIRECTIONS] = {
	[BENCH_SEND] = "sealed", [BENCH_RECEIVE] = "opened", [BENCH_BOTH] = "sealed and opened",
};

const char *const bench_messages[BENCH_DIRECTIONS] = {
	[BENCH_SEND] = "answers", [BENCH_RECEIVE] = "uploads", [BENCH_BOTH] = "uploads and answers",
};

bool bench_mode_has(const struct bench_mode *mode, enum bench_measure measure)
{
	if (mode->lifetime == BENCH_IDLE || measure == BENCH_MEMORY)
		return mode->lifetime == BENCH_IDLE && measure == BENCH_MEMORY;
	if (measure >= BENCH_INSTALLS && measure <= BENCH_INSTALL_P99)
		return bench_mode_installs(mode);
	return measure >= BENCH_P50 || (measure >= BENCH_HANDSHAKES) == bench_mode_new(mode);
}

enum bench_measure bench_mode_measure(const struct bench_mode *mode)
{
	return mode->lifetime == BENCH_IDLE ? BENCH_MEMORY :
	       bench_mode_new(mode)	    ? BENCH_CPU_HANDSHAKE :
					      BENCH_CPU_GIB;
}

bool bench_mode_new(const struct bench_mode *mode)
{
	return mode->lifetime == BENCH_FULL || mode->lifetime == BENCH_RESUMED;
}

unsigned bench_mode_ports(const struct bench_mode *mode, unsigned threads)
{
	return mode->program ? 1 : threads;
}

bool bench_mode_installs(const struct bench_mode *mode)
{
	return bench_mode_new(mode) && mode->seal >= BENCH_KERNEL && !mode->program;
}
