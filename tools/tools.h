/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_TOOLS_H
#define TOOLS_TOOLS_H

/* Exit statuses of every subcommand. */
#define TOOLS_FAILED	1
#define TOOLS_USAGE	2

int serve_main(int argc, char **argv);
int doctor_main(int argc, char **argv);
int get_main(int argc, char **argv);
int stat_main(int argc, char **argv);
int bench_main(int argc, char **argv);

#endif
