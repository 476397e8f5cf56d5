/* SPDX-License-Identifier: MIT */
#ifndef KTLS_NIC_NETLINK_H
#define KTLS_NIC_NETLINK_H

#include <libmnl/libmnl.h>

#define NIC_NETLINK_BUFFER	32768

/*
 * One question over a netlink socket of its own: head (in a buffer of the caller's) is sent, each()
 * sees every reply. NLM_F_ACK is added where it is not a dump, so that the end can be told.
 * 0, or -errno: the kernel's, or what each() returned below 0 with errno set. Blocking, as short as
 * the kernel takes.
 */
int nic_netlink_ask(int bus, struct nlmsghdr *head, mnl_cb_t each, void *data);

#endif
