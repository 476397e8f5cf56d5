/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SYSTEMD_H
#define TOOLS_SERVE_SYSTEMD_H

/* sd_notify(3): lines of VARIABLE=VALUE for the service manager that started us; without one,
 * nothing. */
void notify(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* RELOADING=1 with the time that Type=notify-reload wants. */
void notify_reloading(void);
/* Msecs between two WATCHDOG=1 that it expects, halved; 0: none. */
unsigned notify_watchdog(void);

#endif
