/* SPDX-License-Identifier: MIT */
#ifndef KTLS_COST_H
#define KTLS_COST_H

#include <stdint.h>

/* Nanoseconds of processor time to seal 1 MiB of a file in full records of TLS 1.3 with AES-128-GCM
 * and to send it over loopback. 0: that cannot be done here. */
struct ktls_cost {
	uint64_t kernel_ns; /* by sendfile, on the processor */
	uint64_t user_ns; /* from a mapping, by ktls_aead_seal() */
};

/* Measured at the first call, which takes some 50 ms, then remembered. Any thread. Never NULL. */
const struct ktls_cost *ktls_cost(void);

#endif
