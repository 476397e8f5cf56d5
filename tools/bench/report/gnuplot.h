/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_REPORT_GNUPLOT_H
#define TOOLS_BENCH_REPORT_GNUPLOT_H

/* gnuplot as a process, found in the PATH. 0; -ENOENT: there is none; -EPROTO: it failed, with a
 * message on standard error; -errno. */
#include <stdio.h>

/* script is rewound and becomes its standard input. Both are files, so that no end waits for the
 * other. */
int bench_gnuplot_run(FILE *script, FILE *out);
/* Print what it draws as an svg element, the names of whose elements begin with id. */
int bench_gnuplot_draw(FILE *out, FILE *script, const char *id);

#endif
