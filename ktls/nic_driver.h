/* SPDX-License-Identifier: MIT */
#ifndef KTLS_NIC_DRIVER_H
#define KTLS_NIC_DRIVER_H

#include <stdbool.h>
#include <stddef.h>

/* A network driver of mainline Linux that can offload TLS (as of 7.3). */
struct ktls_nic_driver_row {
	const char *name;		/* as ethtool names it */
	const char *option;		/* of the kernel's configuration, without CONFIG_ */
	const char *hardware;
	bool aes256;			/* takes AES-256-GCM, too */
	bool rx;			/* opens received records */
	const char *note;		/* for people, or "" */
};

/* NULL: this driver cannot. */
const struct ktls_nic_driver_row *ktls_nic_driver_find(const char *driver);
/* The table, by position; NULL behind its end. */
const struct ktls_nic_driver_row *ktls_nic_driver_at(size_t index);
/* Is an option set in the kernel configuration in a file, such as /boot/config-$(uname -r)? 1, 0 or
 * -errno. */
int ktls_kernel_option(const char *file, const char *option);

#endif
