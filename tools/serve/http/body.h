/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HTTP_BODY_H
#define TOOLS_SERVE_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct site_file;

/* Bytes of text, then a range of the content's file; either may be empty. Goes out as one
 * struct tlsring_message. */
struct content_piece {
	const char *text;
	size_t text_len;
	uint64_t offset, length;
};

/*
 * What an answer consists of behind its head, to be taken off piece by piece. It is given on by
 * assignment; the last who has it calls content_free(), but not before the last message with
 * content_fd() or a piece's text in it was reported sent. One thread.
 */
struct content {
	uint64_t left;				/* bytes that were not taken yet */
	struct content_piece now;		/* of which these come first */
	const struct content_piece *next;	/* then these, in `memory` */
	unsigned next_count;
	void *memory;				/* owned; several pieces and their texts, or NULL */
	struct site_file *file;			/* a reference, or NULL */
};

/* Takes over the reference; the file's bytes, if they are in memory, are the text. */
void content_set_file(struct content *content, struct site_file *file, uint64_t offset, uint64_t length);
/* The text is static. */
void content_set_text(struct content *content, const char *text, size_t len);

/* The file's descriptor, which stays the content's; -1: there is no file. */
int content_fd(const struct content *content);
/* Where its first byte is mapped, as long as the content has it; NULL: nowhere. */
const void *content_mapping(const struct content *content);
/* Bytes of the next piece if nothing limits it; 0 only at the end. */
uint64_t content_ready(const struct content *content);
/* Take the next piece, of at most `most` bytes in all; false at the end. */
bool content_take(struct content *content, uint64_t most, struct content_piece *out);
/* Also for one that was never filled (all zero), and a second time. */
void content_free(struct content *content);

#endif
