/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REPORT_GNUPLOT_H
#define TOOLS_BENCH_REPORT_GNUPLOT_H

#include <stdio.h>

/*
 * gnuplot as a process of its own, found in the PATH. script is rewound and becomes its standard input,
 * what it prints goes to out; both are files, so that neither end waits for the other. 0; -ENOENT: there
 * is none; -EPROTO: it failed, and said why on standard error; -errno.
 */
int bench_gnuplot(FILE *script, FILE *out);

#endif
