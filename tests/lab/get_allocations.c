// SPDX-License-Identifier: MIT
/* `tlsring get` while an allocation fails. */
#include "tests/lab/allocation.h"
#include "tests/lab/getting.h"

ALLOCATION_TEST(get)
{
	get_each(100);
}
