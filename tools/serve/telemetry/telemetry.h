/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_TELEMETRY_TELEMETRY_H
#define TOOLS_SERVE_TELEMETRY_TELEMETRY_H

/*
 * Telemetry: access log, metrics, status page, and the limits that are counted. One for each
 * process.
 */

#include <stdbool.h>
#include <stdint.h>
#include "tools/serve/telemetry/accounting.h"
#include "tools/serve/telemetry/limits.h"

struct telemetry_settings {
	const char *access_log;	/* path, "-", or NULL: none */
	enum access_format format;
	const char *metrics;	/* ADDR:PORT; NULL: no listener */
};

struct listen_pool;
struct listen_set;
struct telemetry;

/* Open the telemetry of so many serving threads. pool: inherited sockets, or NULL. Both settings
 * must outlive it. 0, or an exit status after a word on standard error. */
int telemetry_open(struct telemetry **out, const struct telemetry_settings *settings,
		const struct limits_settings *limits, unsigned threads, struct listen_pool *pool);
/* The accounting of one thread, which lives as long as the telemetry. */
struct accounting *telemetry_accounting(struct telemetry *telemetry, unsigned thread);
/* Name a certificate that is served and when it expires (seconds since 1970). Any thread. */
void telemetry_certificate(struct telemetry *telemetry, const char *name, int64_t expires);
/* Forget the certificates that were not named since the last call. Any thread. */
void telemetry_certificates_end(struct telemetry *telemetry);
/* Count a reload. Any thread. */
void telemetry_reloaded(struct telemetry *telemetry, bool success);
/* Begin to serve metrics. 0, or an exit status. */
int telemetry_start(struct telemetry *telemetry, bool sandbox);
/* Log where the access log and the metrics are. */
void telemetry_announce(const struct telemetry *telemetry);
/* Open the access log anew after it was renamed. Any thread. */
void telemetry_reopen(struct telemetry *telemetry);
/* The sockets of the metrics listener. */
const struct listen_set *telemetry_listen(const struct telemetry *telemetry);
/* Stop serving metrics: another process does so from now on. */
void telemetry_retire(struct telemetry *telemetry);
/* After all serving threads have ended. NULL is fine. */
void telemetry_close(struct telemetry *telemetry);

#endif
