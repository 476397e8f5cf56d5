// SPDX-License-Identifier: MIT
/* `tlsring serve` while an allocation fails. */
#include "tests/lab/allocation.h"
#include "tests/lab/serving.h"

ALLOCATION_TEST(serving_ring)
{
	each("auto", serving, 25);
}

ALLOCATION_TEST(serving_epoll)
{
	each("epoll", serving, 25);
}

ALLOCATION_TEST(starting)
{
	each("auto", starting, 40);
}
