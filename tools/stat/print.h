/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_STAT_PRINT_H
#define TOOLS_STAT_PRINT_H

#include <stdio.h>
#include "tools/stat/snapshot.h"

struct print_options {
	size_t lines;			/* at most so many connections */
	unsigned width;			/* columns of the terminal; 0: it is none */
	bool rates;			/* per second, beside or instead of totals */
	bool zeroes;			/* also the NICs' counters that are 0 */
};

/* Print for people. */
void print_text(const struct snapshot *s, const struct print_options *options, FILE *out);
/* Print one JSON object on one line. 0 or -1. */
int print_json(const struct snapshot *s, bool rates, FILE *out);
/* Print in Prometheus' text format. */
void print_prometheus(const struct snapshot *s, FILE *out);

#endif
