// SPDX-License-Identifier: MIT
#include "tools/bench/client/mix.h"

#define MIX_LAST	0x80	/* flag of a kind */
#define MIX_SIZES	16
#define MIX_SHORT	4	/* one in so many connections is new for each request */
#define MIX_LIFE	1000	/* requests of each other connection */
#define MIX_UPDATE	10	/* requests for each change of keys */

uint8_t bench_mix_kind(unsigned connection, uint64_t nth, uint64_t all)
{
	bool last = connection % MIX_SHORT == MIX_SHORT - 1 || nth + 1 >= MIX_LIFE;

	return (uint8_t)(all % MIX_SIZES | (last ? MIX_LAST : 0));
}

/* Halved, and a little less, so that records end at many offsets. */
uint64_t bench_mix_size(uint64_t size, uint8_t kind)
{
	unsigned halved = kind % MIX_SIZES;

	size >>= halved;
	return size > halved ? size - halved : 1;
}

bool bench_mix_last(uint8_t kind)
{
	return kind & MIX_LAST;
}

bool bench_mix_update(uint64_t nth)
{
	return nth % MIX_UPDATE == MIX_UPDATE - 1;
}
