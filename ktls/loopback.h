/* SPDX-License-Identifier: MIT */
#ifndef KTLS_LOOPBACK_H
#define KTLS_LOOPBACK_H

#include <netinet/in.h>

/* TCP connections of this process with itself, to ask the kernel what it can do. */

struct ktls_loopback {
	int listener; /* whoever opened it closes it */
	struct sockaddr_in addr;
};

/* 0 or -errno. */
int ktls_loopback_open(struct ktls_loopback *loop);
/* Connect: fds[0] is the end that connected. Both are the caller's. 0 or -errno. */
int ktls_loopback_pair(const struct ktls_loopback *loop, int fds[2]);
void ktls_loopback_unpair(int fds[2]);

#endif
