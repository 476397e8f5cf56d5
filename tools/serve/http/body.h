/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SERVE_HTTP_BODY_H
#define TOOLS_SERVE_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct site_file;

/* Bytes of text, then a range of the body's file; either may be empty. One struct tlsring_message
 * sends both. */
struct body_piece {
	const char *text;
	size_t text_len;
	uint64_t offset, length;
};

/*
 * The body of a response, taken off piece by piece. Assignment hands it on; its last owner calls
 * body_free(), but not before the last message with body_fd() or with a piece's text was reported
 * sent. One thread.
 */
struct body {
	uint64_t left;		/* bytes that were not taken yet */
	struct body_piece now;	/* the first of them */
	const struct body_piece *next;	/* the pieces behind it, in `memory` */
	unsigned next_count;
	void *memory;		/* owned; the pieces and their texts, or NULL */
	struct site_file *file;	/* a reference, or NULL */
};

/* Takes over the reference. A file whose bytes are in memory becomes text. */
void body_set_file(struct body *body, struct site_file *file, uint64_t offset, uint64_t length);
/* text: static. */
void body_set_text(struct body *body, const char *text, size_t len);

/* The file's descriptor, which stays the body's; -1: there is no file. */
int body_fd(const struct body *body);
/* Is its file open and to be read from, rather than in memory? */
bool body_needs_file(const struct body *body);
/* A mapping of the whole file, valid as long as the body; NULL: there is none. */
const void *body_mapping(const struct body *body);
/* The size of the next piece; 0 only at the end. */
uint64_t body_available(const struct body *body);
/* Take the next piece, at limit `limit` bytes of it. False: the body is at its end. */
bool body_take(struct body *body, uint64_t limit, struct body_piece *out);
/* Also for a body that is all zero, and for one that was freed before. */
void body_free(struct body *body);

#endif
