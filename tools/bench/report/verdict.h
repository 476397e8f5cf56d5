/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REPORT_VERDICT_H
#define TOOLS_BENCH_REPORT_VERDICT_H

#include "tools/bench/types.h"

#define BENCH_VERDICTS		8
#define BENCH_VERDICT_TEXT	400

/*
 * What an outcome amounts to, in sentences: how much kernel TLS, and a card, save or cost beside
 * the next best way, for each kind of connection. The best mode of each kind is compared. Returns
 * how many there are.
 */
unsigned bench_verdict(char out[BENCH_VERDICTS][BENCH_VERDICT_TEXT],
		       const struct bench_outcome *outcome);

#endif
