/* SPDX-License-Identifier: MIT */
#ifndef KTLS_NIC_LINK_H
#define KTLS_NIC_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KTLS_NIC_PORTS	16	/* further ones of a bond are not looked at */

/* What lies below a network device, as rtnetlink shows it. */
struct ktls_nic_link {
	bool vlan, bond;
	unsigned below;			/* index of the device below a VLAN */
	uint8_t mode, policy;		/* of a bond: BOND_MODE_..., BOND_XMIT_POLICY_... */
	/* The kernel looks for a NIC below a bond only if each connection always has the same port
	 * (bond_sk_check() in drivers/net/bonding). */
	bool offloads;
	unsigned ports[KTLS_NIC_PORTS];	/* their indices */
	size_t port_count;
};

/* Read it for the device with this index; one that cannot be read is neither VLAN nor bond. */
void ktls_nic_link_read(unsigned index, struct ktls_nic_link *out);
/* Names as `ip link` has them; static. */
const char *ktls_nic_link_mode(const struct ktls_nic_link *link);
const char *ktls_nic_link_policy(const struct ktls_nic_link *link);

#endif
