/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_UPGRADE_H
#define TOOLS_SERVE_UPGRADE_H

#include <sys/types.h>

struct server;

/* Another process of the same program takes over our sockets. */

/* Remember the path of our program, before it can be replaced. */
void upgrade_init(void);
/*
 * Start the successor. *ready: a descriptor, the caller's, on which one byte says that it serves;
 * its end without a byte says that it does not. Returns its process, or -errno.
 */
pid_t upgrade_start(const struct server *s, int *ready);
/* We serve: tell the process that started us, if one did. */
void upgrade_ready(void);

#endif
