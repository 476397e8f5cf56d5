// SPDX-License-Identifier: MIT
/* The engine when memory runs out: the connection that suffers ends, and the next one is served. */
#include "tests/lab/allocation.h"
#include "tests/lab/world.h"

static void each(enum tlsring_io io)
{
	struct tlsring_engine_options options = { .size = sizeof(options), .io = io };

	/* It says whether this process may have a ring. */
	tlsring_engine_free(service_engine(&options));
	w.io = io;
	allocation_each(live, 100);
}

ALLOCATION_TEST(ring)
{
	each(TLSRING_IO_URING);
}

ALLOCATION_TEST(epoll)
{
	each(TLSRING_IO_EPOLL);
}
