// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "tools/bench/machine/health.h"
#include "tools/bench/machine/procfs.h"
#include "tlsring.h"

const char *const bench_tls_counters[BENCH_TLS_COUNTERS] = {
	[BENCH_CURRENT_TX] = "TlsCurrTxSw", [BENCH_CURRENT_RX] = "TlsCurrRxSw",
	[BENCH_CURRENT_NIC_TX] = "TlsCurrTxDevice", [BENCH_CURRENT_NIC_RX] = "TlsCurrRxDevice",
	[BENCH_DECRYPT_ERRORS] = "TlsDecryptError", [BENCH_TX_REKEY_ERRORS] = "TlsTxRekeyError",
	[BENCH_RX_REKEY_ERRORS] = "TlsRxRekeyError",
	[BENCH_NO_PAD_VIOLATIONS] = "TlsRxNoPadViolation",
	[BENCH_TX_REKEYS] = "TlsTxRekeyOk", [BENCH_RX_REKEYS] = "TlsRxRekeyOk",
};

static uint64_t health_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	uint64_t count = 0;

	while (dir && (entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	/* opendir() has one of its own. */
	return count ? count - 1 : 0;
}

/* smaps_rollup counts pages; statm is only as exact as it is cheap. */
uint64_t bench_health_anonymous(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	return bench_procfs_field(path, "Anonymous") * 1024;
}

uint64_t bench_health_memory(void)
{
	malloc_trim(0);
	return bench_health_anonymous(getpid());
}

uint64_t bench_health_disk_read(void)
{
	return bench_procfs_field("/proc/self/io", "read_bytes");
}

static int health_counter(const char *name, uint64_t value, void *user)
{
	struct bench_health *health = user;

	for (unsigned i = 0; i < BENCH_TLS_COUNTERS; i++)
		if (!strcmp(name, bench_tls_counters[i]))
			health->counters[i] = value;
	return 0;
}

void bench_health_own(struct bench_health *out)
{
	*out = (struct bench_health){ .descriptors = health_descriptors(),
				      .memory = bench_health_memory() };
}

void bench_health_look(struct bench_health *out)
{
	bench_health_own(out);
	out->slab = bench_procfs_field("/proc/meminfo", "SUnreclaim") * 1024;
	/* Fails without the tls module; then all stay 0. */
	tlsring_report_counters(NULL, health_counter, out);
}

static int health_finding(const struct tlsring_finding *finding, void *user)
{
	if (!strcmp(finding->name, "ktls.rekey"))
		*(bool *)user = finding->state == TLSRING_GOOD;
	return 0;
}

bool bench_health_rekeys(void)
{
	bool rekeys = false;

	tlsring_diagnose(health_finding, &rekeys);
	return rekeys;
}
