/* SPDX-License-Identifier: MIT */
#ifndef KTLS_COUNTERS_H
#define KTLS_COUNTERS_H

#include <stdint.h>

/* Counters of this network namespace. One that the kernel lacks is 0. */
struct ktls_counters {
	uint64_t curr_tx_sw, curr_rx_sw, curr_tx_device, curr_rx_device;
	uint64_t tx_sw, rx_sw, decrypt_error, rx_rekey_ok, tx_rekey_ok;
};

/* Returns 0, or -ENOENT if the tls module is not loaded. */
int ktls_counters_read(struct ktls_counters *out);

/* Call each() for all counters, by the kernel's names. Returns its first non-zero value, which
 * ends the walk, 0 or -errno. */
int ktls_counters_each(int (*each)(const char *name, uint64_t value, void *user), void *user);

#endif
