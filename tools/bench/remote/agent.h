/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REMOTE_AGENT_H
#define TOOLS_BENCH_REMOTE_AGENT_H

/*
 * `tlsring bench --listen`: starts servers, and reports about them, as a client asks over a control
 * connection. Clients that the guard lets in can have it send test data.
 */
#include <signal.h>
#include "tools/bench/remote/feature.h"
#include "tools/bench/remote/guard.h"

struct bench_options;

struct bench_agent {
	const struct bench_options *own;	/* of this process */
	const volatile sig_atomic_t *interrupted;
	struct bench_feature feature;
	struct bench_guard guard;
};

/* Until SIGINT or SIGTERM. An exit status; errors are printed. */
int bench_agent_listen(const struct bench_options *options,
		       const volatile sig_atomic_t *interrupted);
/* Serve one client, whose connection fd is, until it ends. Servers listen at this address,
on any port. */
void bench_agent_serve(struct bench_agent *agent, int fd, const struct sockaddr_storage *at);

#endif
