/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_SYSTEMD_H
#define TOOLS_SERVE_SYSTEMD_H

/* Send lines VARIABLE=VALUE to the service manager that started us, as sd_notify(3); without one
 * do nothing. */
void systemd_notify(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* RELOADING=1 with the timestamp that Type=notify-reload requires. */
void systemd_notify_reloading(void);
/* Half of the msecs within which the manager expects WATCHDOG=1; 0: it expects none. */
unsigned systemd_watchdog(void);

#endif
