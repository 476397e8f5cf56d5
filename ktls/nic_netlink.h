/* SPDX-License-Identifier: MIT */
#ifndef KTLS_NIC_NETLINK_H
#define KTLS_NIC_NETLINK_H

#include <libmnl/libmnl.h>

#define NIC_NETLINK_BUFFER	32768

/*
 * Send a request over a netlink socket of its own, and call each() for every reply. Adds NLM_F_ACK
 * to a request that is no dump, whose end would not show otherwise. Returns 0 or -errno, which is
 * the kernel's, or errno after a negative result of each(). Blocks until the kernel has replied.
 */
int nic_netlink_ask(int bus, struct nlmsghdr *head, mnl_cb_t each, void *data);

#endif
