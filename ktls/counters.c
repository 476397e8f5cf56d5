// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "ktls/counters.h"

static const struct {
	const char *name;
	size_t offset;
} counters[] = {
	{ "TlsCurrTxSw", offsetof(struct ktls_counters, curr_tx_sw) },
	{ "TlsCurrRxSw", offsetof(struct ktls_counters, curr_rx_sw) },
	{ "TlsCurrTxDevice", offsetof(struct ktls_counters, curr_tx_device) },
	{ "TlsCurrRxDevice", offsetof(struct ktls_counters, curr_rx_device) },
	{ "TlsTxSw", offsetof(struct ktls_counters, tx_sw) },
	{ "TlsRxSw", offsetof(struct ktls_counters, rx_sw) },
	{ "TlsDecryptError", offsetof(struct ktls_counters, decrypt_error) },
	{ "TlsRxRekeyOk", offsetof(struct ktls_counters, rx_rekey_ok) },
	{ "TlsTxRekeyOk", offsetof(struct ktls_counters, tx_rekey_ok) },
};

int ktls_counters_each(int (*each)(const char *name, uint64_t value, void *user), void *user)
{
	/* /proc/net would show the main thread's network namespace. */
	FILE *file = fopen("/proc/thread-self/net/tls_stat", "re");
	unsigned long long value;
	char name[64];
	int ret = 0;

	if (!file)
		return -errno;
	while (!ret && fscanf(file, "%63s %llu", name, &value) == 2)
		ret = each(name, value, user);
	fclose(file);
	return ret;
}

static int counters_take(const char *name, uint64_t value, void *user)
{
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		if (!strcmp(counters[i].name, name))
			memcpy((char *)user + counters[i].offset, &value, sizeof(value));
	return 0;
}

int ktls_counters_read(struct ktls_counters *out)
{
	memset(out, 0, sizeof(*out));
	return ktls_counters_each(counters_take, out);
}
