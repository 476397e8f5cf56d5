// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include "lib/engine.h"
#include "uring/transmit.h"

#define GATHER_RUN_MIN	(128 * 1024)	/* less than that is cheaper to copy than to map */
#define GATHER_RUN_MAX	(8u << 20)

_Static_assert(TLSRING_MANY_MAX <= SEND_PLAIN, "each of many messages must fit");	/* NOLINT: it just does */

/* Bring the next one into plain, or leave it out. False: it must be waited for. */
static bool gather_one(struct tlsring_conn *c)
{
	struct send_state *s = &c->send;
	struct tlsring_message *m = s->many;
	size_t size = m->head_len + m->length;

	if (!s->piece && m->head_len) {
		memcpy(s->plain + s->plain_len, m->head, m->head_len);
		s->piece = (uint32_t)m->head_len;
	}
	while (s->piece < size && !m->missing) {
		size_t at = s->plain_len + s->piece, left = size - s->piece;
		uint64_t offset = m->offset + s->piece - m->head_len;
		ssize_t got = uring_read_now(m->file_fd, s->plain + at, left, offset);

		if (got == -EAGAIN) {
			send_read(c, m->file_fd, at, left, offset);
			return false;
		}
		m->missing = got <= 0;
		s->piece += got > 0 ? (uint32_t)got : 0;
	}
	if (!m->missing)
		s->plain_len += s->piece;
	s->piece = 0;
	s->count--;
	s->many++;
	return true;
}

/* How many of the next ones are frames of one file, alike but for their place in it? */
static unsigned gather_run(const struct send_state *s)
{
	const struct tlsring_message *first = s->many;
	unsigned run = 1;

	if (!first->length || first->head_len > URING_INSERT_MAX)
		return 0;
	while (run < s->count && run * first->length < GATHER_RUN_MAX) {
		const struct tlsring_message *m = &first[run];

		if (m->file_fd != first->file_fd || m->mapping != first->mapping || m->length != first->length ||
		    m->offset != first->offset + run * first->length || m->head_len != first->head_len ||
		    (m->head_len && memcmp(m->head, first->head, m->head_len)))
			break;
		run++;
	}
	return run;
}

/* Straight from the page cache. */
static void gather_send_run(struct tlsring_conn *c, unsigned run)
{
	struct send_state *s = &c->send;
	const struct tlsring_message *m = s->many;
	struct uring_message frames = {
		.file_fd = m->file_fd, .offset = m->offset, .length = run * m->length,
		.mapping = m->mapping,
		.insert = m->head, .insert_len = (uint32_t)m->head_len, .every = (uint32_t)m->length,
		.more = run < s->count || m[run - 1].more,
		.tally = &c->engine->tally[c->conn.zerocopy],
	};

	if (send_transmit(c, &frames, run * (m->head_len + m->length)))
		s->run = run;
}

void gather_run_sent(struct tlsring_conn *c, unsigned missing)
{
	struct send_state *s = &c->send;

	c->sent += (s->run - missing) * (s->many->head_len + s->many->length);
	for (unsigned i = s->run - missing; i < s->run; i++)
		s->many[i].missing = true;
	s->many += s->run;
	s->count -= s->run;
	s->run = 0;
}

void gather_next(struct tlsring_conn *c)
{
	struct send_state *s = &c->send;
	bool more = false;

	if (!s->piece && !s->plain_len && c->conn.dir[KTLS_TX].path != TLSRING_PATH_USER) {
		unsigned run = gather_run(s);

		if (run * s->many->length >= GATHER_RUN_MIN) {
			gather_send_run(c, run);
			return;
		}
	}
	if (!s->plain) {
		s->most = (uint32_t)send_room(c);
		if (!s->most)
			return;
		s->plain = uring_pool_get(c->engine->loop);
	}
	if (!s->plain) {
		send_fail(c, -ENOMEM, NULL);
		return;
	}
	while (s->count && (!s->plain_len || s->plain_len + s->many->head_len + s->many->length <= s->most)) {
		more = s->many->more;
		if (!gather_one(c))
			return;
	}
	s->message = (struct tlsring_message){
		.head = s->plain, .head_len = s->plain_len, .file_fd = -1, .more = s->count || more,
	};
	s->plain_len = 0;
}

void gather_was_read(struct tlsring_conn *c, int res)
{
	if (res > 0)
		c->send.piece += (uint32_t)res;
	else
		c->send.many->missing = true;
}
