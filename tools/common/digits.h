/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_COMMON_DIGITS_H
#define TOOLS_COMMON_DIGITS_H

/* Decimal numbers for response heads: printf() would take some 500 instructions for each. */

#include <stddef.h>
#include <stdint.h>

#define DIGITS_MAX	20	/* of UINT64_MAX */

/* Write a number at `at`, without a NUL. Returns its end. */
static inline char *digits_put(char *at, uint64_t number)
{
	char digits[DIGITS_MAX];
	size_t count = 0;

	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	while (count)
		*at++ = digits[--count];
	return at;
}

#endif
