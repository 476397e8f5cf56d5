/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_MACHINE_DESCRIPTORS_H
#define TOOLS_BENCH_MACHINE_DESCRIPTORS_H

#define BENCH_DESCRIPTORS_OTHER	100	/* for everything but connections and files */

/* Let this process have so many, as far as it may. Returns how many it may have then. */
unsigned bench_descriptors_raise(unsigned count);

#endif
