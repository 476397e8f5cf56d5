/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_MACHINE_NOISE_H
#define TOOLS_BENCH_MACHINE_NOISE_H

/* Work of other processes meanwhile: figures of a busy machine are worth less. */
#include <stdbool.h>

/* Seconds of all processors at one moment, since boot; own: of this process and those it has waited
 * for. */
struct bench_noise {
	double all, busy, steal, own;
};

/* From /proc/stat or a file like it. False: it cannot be read. */
bool bench_noise_look(struct bench_noise *out, const char *path);
/* Percent of the processors' time that other processes had, and that the host of a virtual machine
 * took. False: no time has passed. */
bool bench_noise_between(double *others, double *steal, const struct bench_noise *from,
			 const struct bench_noise *to);

#endif
