/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REMOTE_FEATURE_H
#define TOOLS_BENCH_REMOTE_FEATURE_H

/*
 * A network card's TLS offload,
 switched off while the kernel is to seal. A file in /run names what is off,
 * so that the next start can undo it if this process is killed.
 */
#include "tools/bench/types.h"

struct bench_feature {
	const char *nic;		/* NULL: there is nothing to switch */
	unsigned off;			/* features that this process has switched off */
};

/* Check that the card can offload,
and switch on what a killed process has left off. An exit status; errors
 * are printed. */
int bench_feature_open(struct bench_feature *feature, const char *nic);
/* Switch off what the direction needs. 0 or -errno; on in any case. */
int bench_feature_off(struct bench_feature *feature, enum bench_direction direction);
void bench_feature_on(struct bench_feature *feature);

#endif
