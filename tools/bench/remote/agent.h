/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REMOTE_AGENT_H
#define TOOLS_BENCH_REMOTE_AGENT_H

/*
 * `tlsring bench --listen`: starts servers, and reports about them, as a client asks over a control
 * connection. Whoever can reach it can have it send test data.
 */
#include <signal.h>
#include <sys/socket.h>

struct bench_options;

/* Until SIGINT or SIGTERM. An exit status; errors are printed. */
int bench_agent_listen(const struct bench_options *options,
		       const volatile sig_atomic_t *interrupted);
/* Serve one client, whose connection fd is, until it ends. Servers listen at this address, on any
 * port. */
void bench_agent_serve(const struct bench_options *own, int fd, const struct sockaddr_storage *at,
		       const volatile sig_atomic_t *interrupted);

#endif
