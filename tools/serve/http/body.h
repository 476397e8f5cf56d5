/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HTTP_BODY_H
#define TOOLS_SERVE_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct site_file;

/* Bytes of text, then a range of the content's file; either may be empty. Goes out as one
 * struct tlsring_message. */
struct body_piece {
	const char *text;
	size_t text_len;
	uint64_t offset, length;
};

/*
 * What an answer consists of behind its head, to be taken off piece by piece. It is given on by
 * assignment; the last who has it calls body_free(), but not before the last message with
 * body_fd() or a piece's text in it was reported sent. One thread.
 */
struct body {
	uint64_t left;				/* bytes that were not taken yet */
	struct body_piece now;		/* of which these come first */
	const struct body_piece *next;	/* then these, in `memory` */
	unsigned next_count;
	void *memory;				/* owned; several pieces and their texts, or NULL */
	struct site_file *file;			/* a reference, or NULL */
};

/* Takes over the reference; the file's bytes, if they are in memory, are the text. */
void body_set_file(struct body *body, struct site_file *file, uint64_t offset, uint64_t length);
/* The text is static. */
void body_set_text(struct body *body, const char *text, size_t len);

/* The file's descriptor, which stays the content's; -1: there is no file. */
int body_fd(const struct body *body);
/* Where its first byte is mapped, as long as the content has it; NULL: nowhere. */
const void *body_mapping(const struct body *body);
/* Bytes of the next piece if nothing limits it; 0 only at the end. */
uint64_t body_available(const struct body *body);
/* Take the next piece, of at most `most` bytes in all; false at the end. */
bool body_take(struct body *body, uint64_t most, struct body_piece *out);
/* Also for one that was never filled (all zero), and a second time. */
void body_free(struct body *body);

#endif
