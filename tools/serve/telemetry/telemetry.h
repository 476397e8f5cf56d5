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

struct telemetry_settings {
	const char *access_log;		/* path, "-", or NULL: none */
	enum access_format format;
	const char *metrics;		/* ADDR:PORT; NULL: no listener */
};

struct listen_pool;
struct listen_set;
struct telemetry;

/* For so many threads; pool: sockets that were inherited, or NULL. Says on standard error what is wrong. Both settings must outlive
 * it. 0, or an exit status. */
int telemetry_open(struct telemetry **out, const struct telemetry_settings *settings,
		const struct limits_settings *limits, unsigned threads, struct listen_pool *pool);
/* A thread's; lives as long as telemetry. */
struct accounting *telemetry_accounting(struct telemetry *telemetry, unsigned thread);
/* A certificate that is served, under a name, and when it ends (seconds since 1970); again after it
 * was replaced. Any thread. */
void telemetry_certificate(struct telemetry *telemetry, const char *name, int64_t expires);
/* These were all: those not named since the last call are served no more. */
void telemetry_certificates_end(struct telemetry *telemetry);
/* The configuration was read again, with success or without. Any thread. */
void telemetry_reloaded(struct telemetry *telemetry, bool success);
/* Begin to answer on the metrics listener. 0, or an exit status. */
int telemetry_start(struct telemetry *telemetry);
/* One line for each place where something can be seen. */
void telemetry_announce(const struct telemetry *telemetry);
/* The access log was renamed: write to a new one. */
void telemetry_reopen(struct telemetry *telemetry);
/* The sockets that it listens on. */
const struct listen_set *telemetry_listen(const struct telemetry *telemetry);
/* Another process answers there from now on. */
void telemetry_retire(struct telemetry *telemetry);
/* When all threads have ended. NULL is fine. */
void telemetry_close(struct telemetry *telemetry);

#endif
