/* SPDX-License-Identifier: MIT */
#ifndef KTLS_COUNTERS_H
#define KTLS_COUNTERS_H

#include <stdint.h>

/* Of /proc/net/tls_stat of this network namespace; a counter the kernel lacks reads 0. */
struct ktls_counters {
	uint64_t curr_tx_sw, curr_rx_sw, curr_tx_device, curr_rx_device;
	uint64_t tx_sw, rx_sw, decrypt_error, rx_rekey_ok, tx_rekey_ok;
};

/* 0, or -ENOENT when the tls module is not loaded. */
int ktls_counters_read(struct ktls_counters *out);

/* All of them, by the kernel's names: stops at the first non-zero value of each() and returns it. */
int ktls_counters_each(int (*each)(const char *name, uint64_t value, void *user), void *user);

#endif
