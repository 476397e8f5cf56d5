/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_TELEMETRY_STATUS_PAGE_H
#define TOOLS_SERVE_TELEMETRY_STATUS_PAGE_H

#include <stdint.h>
#include <stdio.h>

/* Write the counters that people ask for first, as HTML. sum: of metrics_sum(); uptime: seconds. */
void status_page_write(FILE *out, const uint64_t *sum, uint64_t uptime);

#endif
