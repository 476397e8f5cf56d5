// SPDX-License-Identifier: MIT
/* `tlsring serve` while an operation of the ring fails or is short. */
#include "tests/lab/completion.h"
#include "tests/lab/serving.h"

COMPLETION_TEST(serving)
{
	completion_needs_ring();
	each("uring", serving, 6);
}

COMPLETION_TEST(starting)
{
	completion_needs_ring();
	each("uring", starting, 6);
}
