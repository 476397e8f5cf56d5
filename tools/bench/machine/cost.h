/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_MACHINE_COST_H
#define TOOLS_BENCH_MACHINE_COST_H

/* The cost of sealing and of copying on this processor: CPU seconds for a GiB. */
#include <stdbool.h>

struct bench_cost {
	double aes[2];			/* records of 16 KiB: AES-128-GCM, AES-256-GCM */
	double copy;
};
/* Measures, for some 0.1 seconds. False: no memory. */
bool bench_cost_measure(struct bench_cost *out);

/* A model of a network card that seals. */
struct bench_model {
	double kernel;			/* what kernel TLS takes today */
	/* what would be left with a card, sending from the page cache */
	double least, most;
	double copy;			/* in addition, where the server copies */
};
/* From the cost of plain TCP and of kernel TLS by sendfile, and of bench_cost. False: it says
 * nothing. */
bool bench_cost_model(struct bench_model *out, double plain, double kernel, double aes,
		      double copy);

#endif
