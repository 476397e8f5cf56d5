/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_MACHINE_HEALTH_H
#define TOOLS_BENCH_MACHINE_HEALTH_H

/* Resources of a process, and counters of kernel TLS. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Lines of /proc/net/tls_stat; 0 where a kernel lacks one. */
enum bench_tls_counter {
	/* connections now */
	BENCH_CURRENT_TX = 0, BENCH_CURRENT_RX, BENCH_CURRENT_NIC_TX, BENCH_CURRENT_NIC_RX,
	BENCH_DECRYPT_ERRORS, BENCH_TX_REKEY_ERRORS, BENCH_RX_REKEY_ERRORS, BENCH_NO_PAD_VIOLATIONS,
	BENCH_TX_REKEYS, BENCH_RX_REKEYS, BENCH_TLS_COUNTERS,
};
extern const char *const bench_tls_counters[BENCH_TLS_COUNTERS];

struct bench_health {
	uint64_t memory;		/* bytes in use by this process, without files */
	uint64_t descriptors;
	uint64_t slab;			/* bytes of the kernel's memory that it cannot reclaim */
	uint64_t counters[BENCH_TLS_COUNTERS];
	bool rekeys;			/* kernel TLS can change keys here */
};

/* Anonymous bytes of a process; 0: they may not be seen. */
uint64_t bench_health_anonymous(pid_t pid);
/* Anonymous bytes of this process, after it has returned what is free. */
uint64_t bench_health_memory(void);
/* Bytes that this process has read from disks. */
uint64_t bench_health_disk_read(void);
/* Memory and descriptors of this process. */
void bench_health_own(struct bench_health *out);
/* Also slab and counters, of the whole system. */
void bench_health_look(struct bench_health *out);
/* Asks the kernel, for a few milliseconds. */
bool bench_health_rekeys(void);

#endif
