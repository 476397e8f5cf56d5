// SPDX-License-Identifier: MIT
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include <sys/random.h>
#include "tools/serve/http/multipart.h"
#include "tools/serve/site/site.h"

/* Random: whoever can upload a file must not be able to guess it. */
static int multipart_boundary(char boundary[MULTIPART_BOUNDARY])
{
	unsigned char bytes[(MULTIPART_BOUNDARY - 1) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return -errno;
	if (!OPENSSL_buf2hexstr_ex(boundary, MULTIPART_BOUNDARY, NULL, bytes, sizeof(bytes), '\0'))
		return -EINVAL;
	return 0;
}

static size_t multipart_text(char *at, size_t room, const struct body_piece *piece,
			     uint64_t size, const char *type, const char *boundary, bool first)
{
	int len;

	if (!piece->length)
		len = snprintf(at, room, "\r\n--%s--\r\n", boundary);
	else
		len = snprintf(at, room,
			       "%s--%s\r\nContent-Type: %s\r\nContent-Range: bytes %" PRIu64
			       "-%" PRIu64 "/%" PRIu64 "\r\n\r\n",
			       first ? "" : "\r\n", boundary, type, piece->offset,
			       piece->offset + piece->length - 1, size);
	return (size_t)len < room ? (size_t)len : room;
}

int multipart_make(struct body *out, struct site_file *file, const char *type,
		   const struct http_span *spans, unsigned count, char boundary[MULTIPART_BOUNDARY])
{
	/* A part's head has 49 fixed bytes, a boundary, a type and three numbers. */
	size_t room = 49 + MULTIPART_BOUNDARY + strlen(type) + 3 * 20, used = 0;
	struct body_piece *pieces = calloc(count + 1, sizeof(*pieces) + room);
	char *texts = (char *)(pieces + count + 1);
	int ret = pieces ? multipart_boundary(boundary) : -ENOMEM;

	if (ret) {
		free(pieces);
		return ret;
	}
	*out = (struct body){
		.next = pieces + 1, .next_count = count, .memory = pieces, .file = file,
	};
	for (unsigned i = 0; i <= count; i++) {
		struct body_piece *piece = &pieces[i];

		if (i < count)
			*piece = (struct body_piece){ .offset = spans[i].first,
						      .length = spans[i].length };
		piece->text = texts + used;
		piece->text_len =
			multipart_text(texts + used, room, piece, file->size, type, boundary, !i);
		used += piece->text_len;
		out->left += piece->text_len + piece->length;
	}
	out->now = pieces[0];
	return 0;
}
