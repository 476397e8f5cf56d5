/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_MACHINE_HEALTH_H
#define TOOLS_BENCH_MACHINE_HEALTH_H

/* What a process has, and what this system's kernel TLS has counted. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Of /proc/net/tls_stat; those that a kernel does not have stay 0. */
enum bench_tls_counter {
	BENCH_CURRENT_TX = 0, BENCH_CURRENT_RX, BENCH_CURRENT_NIC_TX, BENCH_CURRENT_NIC_RX,	/* connections now */
	BENCH_DECRYPT_ERRORS, BENCH_TX_REKEY_ERRORS, BENCH_RX_REKEY_ERRORS, BENCH_NO_PAD_VIOLATIONS,
	BENCH_TX_REKEYS, BENCH_RX_REKEYS, BENCH_TLS_COUNTERS,
};
extern const char *const bench_tls_counters[BENCH_TLS_COUNTERS];

struct bench_health {
	uint64_t memory;		/* bytes of this process's own that are in use */
	uint64_t descriptors;
	uint64_t slab;			/* bytes of the whole kernel's that it cannot take back */
	uint64_t counters[BENCH_TLS_COUNTERS];
	bool rekeys;			/* kernel TLS can change keys here */
};
/* "FIELD: value" of one of the kernel's files; 0: it is not there. */
uint64_t bench_health_field(const char *path, const char *field);
/* Bytes of a process that are its own, not a file's; 0: they may not be seen. */
uint64_t bench_anonymous(pid_t pid);
/* Of this process, without what is free. */
uint64_t bench_health_memory(void);
/* Of this process: memory and descriptors. */
void bench_health_own(struct bench_health *out);
/* And of the system: slab and counters. */
void bench_health_look(struct bench_health *out);
/* Asks the kernel, a few milliseconds. */
bool bench_health_rekeys(void);

#endif
