// SPDX-License-Identifier: MIT
/* Work of other processes, from /proc/stat. */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>
#include "tools/bench/machine/noise.h"

/* CPU seconds of this process and of those it has waited for. */
static double noise_own(void)
{
	static const int whose[] = { RUSAGE_SELF, RUSAGE_CHILDREN };
	struct rusage used;
	double sum = 0;

	for (size_t i = 0; i < sizeof(whose) / sizeof(whose[0]); i++) {
		getrusage(whose[i], &used);
		sum += (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
		       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
	}
	return sum;
}

bool bench_noise_look(struct bench_noise *out, const char *path)
{
	unsigned long long user, nice, system, idle, wait, irq, softirq, steal;
	FILE *file = fopen(path, "re");
	bool good = file && fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user,
				   &nice, &system, &idle, &wait, &irq, &softirq, &steal) == 8;
	double ticks = (double)sysconf(_SC_CLK_TCK);

	if (file)
		fclose(file);
	if (!good)
		return false;
	out->busy = (double)(user + nice + system + irq + softirq) / ticks;
	out->steal = (double)steal / ticks;
	out->all = out->busy + out->steal + (double)(idle + wait) / ticks;
	out->own = noise_own();
	return true;
}

bool bench_noise_between(double *others, double *steal, const struct bench_noise *from,
			 const struct bench_noise *to)
{
	double all = to->all - from->all, busy = to->busy - from->busy - (to->own - from->own);

	if (all <= 0)
		return false;
	*others = busy > 0 ? 100 * busy / all : 0;
	*steal = 100 * (to->steal - from->steal) / all;
	return true;
}
