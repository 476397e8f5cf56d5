/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_MACHINE_CARDS_H
#define TOOLS_BENCH_MACHINE_CARDS_H

/* Network cards, as new JSON arrays. */

struct json_t;

/* Devices that are more than software. */
struct json_t *bench_cards(void);
/* Devices that can offload TLS. */
struct json_t *bench_cards_offload(void);

#endif
