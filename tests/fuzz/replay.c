// SPDX-License-Identifier: MIT
/* Runs a fuzz target over the files named: what a fuzzer once found must stay mended. */
#include <stdio.h>
#include <stdlib.h>
#include "tests/fuzz/fuzz.h"

#define REPLAY_MAX (1 << 20)

int main(int argc, char **argv)
{
	static uint8_t data[REPLAY_MAX];

	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");
		size_t size;

		if (!file) {
			perror(argv[i]);
			return 1;
		}
		size = fread(data, 1, sizeof(data), file);
		fclose(file);
		LLVMFuzzerTestOneInput(data, size);
	}
	printf("# %d inputs\n", argc - 1);
	return 0;
}
