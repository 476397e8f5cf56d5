/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_DOCTOR_PRIVATE_NET_H
#define TOOLS_DOCTOR_PRIVATE_NET_H

/*
 * Run a function in a new network namespace, with loopback up, and come back: what its sockets
 * count, as in /proc/net/tls_stat, is of that namespace and ends with it. Where this user may not,
 * the function runs in the present namespace. One thread.
 */
void private_net_run(void (*run)(void *user), void *user);

#endif
