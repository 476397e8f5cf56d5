// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "bench_health.h"
#include "bench_server.h"
#include "tlsring.h"

const char *const bench_tls_counters[BENCH_TLS_COUNTERS] = {
	[BENCH_CURRENT_TX] = "TlsCurrTxSw", [BENCH_CURRENT_RX] = "TlsCurrRxSw",
	[BENCH_CURRENT_NIC_TX] = "TlsCurrTxDevice", [BENCH_CURRENT_NIC_RX] = "TlsCurrRxDevice",
	[BENCH_DECRYPT_ERRORS] = "TlsDecryptError", [BENCH_TX_REKEY_ERRORS] = "TlsTxRekeyError",
	[BENCH_RX_REKEY_ERRORS] = "TlsRxRekeyError", [BENCH_NO_PAD_VIOLATIONS] = "TlsRxNoPadViolation",
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
	/* Without the one that read them. */
	return count ? count - 1 : 0;
}

static uint64_t health_slab(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long long kib = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "SUnreclaim: %llu", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib * 1024;
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
	*out = (struct bench_health){ .descriptors = health_descriptors() };
	/* What is free does not count. */
	malloc_trim(0);
	out->memory = bench_anonymous(getpid());
}

void bench_health_look(struct bench_health *out)
{
	bench_health_own(out);
	out->slab = health_slab();
	/* Without the module there is nothing to count. */
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
