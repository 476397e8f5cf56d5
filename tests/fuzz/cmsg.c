// SPDX-License-Identifier: MIT
/* The control buffer that says what type a record is. */
#include <stdlib.h>
#include <string.h>
#include "ktls/control.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	int type;

	memcpy(copy, data, size);
	type = ktls_control_type_of(copy, size, 0);
	if (type > 255)
		abort();
	free(copy);
	return 0;
}
