// SPDX-License-Identifier: MIT
/* `tlsring get` while an operation of the ring fails or is short. */
#include "tests/lab/completion.h"
#include "tests/lab/getting.h"

COMPLETION_TEST(get)
{
	completion_needs_ring();
	get_each(25);
}
