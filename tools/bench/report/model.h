/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REPORT_MODEL_H
#define TOOLS_BENCH_REPORT_MODEL_H

#include "tools/bench/machine/cost.h"
#include "tools/bench/types.h"

/* What a network card that seals would save. False: the modes that the model needs were not
 * measured. */
bool bench_model(struct bench_model *out, const struct bench_outcome *outcome);

#endif
