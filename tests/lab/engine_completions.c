// SPDX-License-Identifier: MIT
/* The engine while an operation of the ring fails or is short. */
#include "tests/lab/completion.h"
#include "tests/lab/world.h"

COMPLETION_TEST(ring)
{
	completion_needs_ring();
	w.io = TLSRING_IO_URING;
	completion_each(live, 20);
}
