/* SPDX-License-Identifier: MIT */
#ifndef KTLS_NIC_BOND_H
#define KTLS_NIC_BOND_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

#define KTLS_NIC_PORTS	16	/* more are not looked at */

/* Devices that lie over others, as sysfs shows them. */
struct ktls_nic_bond {
	char mode[32], policy[32];	/* "balance-xor", "layer3+4" */
	bool offloads;			/* the kernel offloads through this mode and policy */
	char ports[KTLS_NIC_PORTS][IF_NAMESIZE];
	size_t count;
};

/* False: it is no bond. */
bool ktls_nic_bond_read(const char *name, struct ktls_nic_bond *out);
/* The device below a VLAN. False: it is no VLAN. */
bool ktls_nic_vlan_below(const char *name, char out[IF_NAMESIZE]);

#endif
