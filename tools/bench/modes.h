/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_MODES_H
#define TOOLS_BENCH_MODES_H

/* The tables of modes and measures. */
#include "tools/bench/types.h"

extern const struct bench_mode bench_modes[BENCH_MODES];

/* NULL: there is none of that name. */
const struct bench_mode *bench_mode_find(const char *name);
/* A mode's description in a direction; NULL: the mode only sends. */
const char *bench_mode_text(const struct bench_mode *mode, enum bench_direction direction);
bool bench_mode_has(const struct bench_mode *mode, enum bench_measure measure);
/* Modes with the same measure here are compared with each other, by it. */
enum bench_measure bench_mode_measure(const struct bench_mode *mode);
/* Each request has a connection of its own. */
bool bench_mode_new(const struct bench_mode *mode);
/* Ports in a row that the server listens on. Each thread of our servers has its own, so that
 * connections are spread alike in each run. */
unsigned bench_mode_ports(const struct bench_mode *mode, unsigned threads);
/* The server measures how long the kernel takes to take keys. */
bool bench_mode_installs(const struct bench_mode *mode);

/* Keys of measures in JSON and CSV, with the unit; stable. */
extern const char *const bench_measures[BENCH_MEASURES];
/* Keys of counters of network cards, likewise. */
extern const char *const bench_card_events[BENCH_CARD_EVENTS];
extern const char *const bench_limits[BENCH_LIMITS];
/* Percents, in the order of the measures from BENCH_P50 on. */
#define BENCH_PERCENTILES	5
extern const double bench_percentiles[BENCH_PERCENTILES];
extern const char *const bench_seals[BENCH_SEALS];
/* "sealed", "opened"... */
extern const char *const bench_done[BENCH_DIRECTIONS];
/* "answers", "uploads"...: what --size is of. */
extern const char *const bench_messages[BENCH_DIRECTIONS];

#endif
