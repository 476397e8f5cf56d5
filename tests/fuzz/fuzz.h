/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* libFuzzer's entry; replay.c calls it with each file of a corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void must(bool condition)
{
	if (!condition)
		abort();
}

/* What is left of an input. */
struct fuzz_input {
	const uint8_t *data;
	size_t size;
};

static inline uint8_t fuzz_byte(struct fuzz_input *in)
{
	if (!in->size)
		return 0;
	in->size--;
	return *in->data++;
}

/* A piece, whose length is the next byte: a block of its own, so that reading past its end shows.
 * For free(). */
static inline char *fuzz_piece(struct fuzz_input *in, size_t *len)
{
	char *piece;

	*len = fuzz_byte(in);
	if (*len > in->size)
		*len = in->size;
	piece = malloc(*len ? *len : 1);
	must(piece);
	memcpy(piece, in->data, *len);
	in->data += *len;
	in->size -= *len;
	return piece;
}

/* All that is left, as text that ends with NUL. For free(). */
static inline char *fuzz_text(struct fuzz_input *in)
{
	char *text = malloc(in->size + 1);

	must(text);
	memcpy(text, in->data, in->size);
	text[in->size] = '\0';
	in->size = 0;
	return text;
}

#endif
