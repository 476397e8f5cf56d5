/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_RELOAD_H
#define TOOLS_SERVE_RELOAD_H

struct config;
struct hosts;
struct server;

/*
 * Load the hosts of a configuration, with certificates and ticket keys; they take over the
 * configuration. Logs each mistake. 0, or an exit status: then nothing has changed.
 */
int reload_hosts(struct server *s, struct config *config, struct hosts **out);
/* Tell the telemetry which certificates are served. */
void reload_certificates(struct server *s, const struct hosts *hosts);
/* Read the configuration and its files again. After a mistake, which is logged, nothing changes. */
void reload_run(struct server *s);

#endif
