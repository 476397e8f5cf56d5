/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_TELEMETRY_TELEMETRY_H
#define TOOLS_SERVE_TELEMETRY_TELEMETRY_H

/*
 * What a server shows of itself: the access log, and a listener for metrics and a page for people; and
 * the limits that it counts. One for each process.
 */

#include <stdbool.h>
#include <stdint.h>
#include "tools/serve/telemetry/accounting.h"
#include "tools/serve/limits.h"

struct seeing_settings {
	const char *access_log;		/* path, "-", or NULL: none */
	enum access_format format;
	const char *metrics;		/* ADDR:PORT; NULL: no listener */
};

struct listen_pool;
struct listen_set;
struct seeing;

/* For so many threads; pool: sockets that were inherited, or NULL. Says on standard error what is wrong. Both settings must outlive
 * it. 0, or an exit status. */
int seeing_open(struct seeing **out, const struct seeing_settings *settings,
		const struct limits_settings *limits, unsigned threads, struct listen_pool *pool);
/* A thread's; lives as long as seeing. */
struct account *seeing_account(struct seeing *seeing, unsigned thread);
/* A certificate that is served, under a name, and when it ends (seconds since 1970); again after it
 * was replaced. Any thread. */
void seeing_certificate(struct seeing *seeing, const char *name, int64_t expires);
/* These were all: those not named since the last call are served no more. */
void seeing_certificates_end(struct seeing *seeing);
/* The configuration was read again, with success or without. Any thread. */
void seeing_reloaded(struct seeing *seeing, bool success);
/* Begin to answer on the metrics listener. 0, or an exit status. */
int seeing_start(struct seeing *seeing);
/* One line for each place where something can be seen. */
void seeing_announce(const struct seeing *seeing);
/* The access log was renamed: write to a new one. */
void seeing_reopen(struct seeing *seeing);
/* The sockets that it listens on. */
const struct listen_set *seeing_listen(const struct seeing *seeing);
/* Another process answers there from now on. */
void seeing_retire(struct seeing *seeing);
/* When all threads have ended. NULL is fine. */
void seeing_close(struct seeing *seeing);

#endif
