// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include "lib/engine/internal.h"
#include "uring/transmit.h"

#define GATHER_RUN_MIN	(128 * 1024)	/* less than that is cheaper to copy than to map */
#define GATHER_RUN_MAX	(8u << 20)

_Static_assert(TLSRING_MANY_MAX <= SEND_PLAIN, "each of many messages must fit");	/* NOLINT: it just does */

/* Bring the next one into plain, or leave it out. False: it must be waited for. */
static bool gather_one(struct tlsring_conn *c)
{
	struct send_state *s = &c->send;
	struct tlsring_message *m = s->many;
	size_t read = m->head_len + m->length;

	if (!s->piece && m->head_len) {
		memcpy(s->plain + s->plain_len, m->head, m->head_len);
		s->piece = (uint32_t)m->head_len;
	}
	while (s->piece < read && !m->missing) {
		size_t at = s->plain_len + s->piece, left = read - s->piece;
		uint64_t offset = m->offset + s->piece - m->head_len;
		ssize_t got = uring_read_now(m->file_fd, s->plain + at, left, offset);

		if (got == -EAGAIN) {
			send_read(c, m->file_fd, at, left, offset);
			return false;
		}
		m->missing = got <= 0;
		s->piece += got > 0 ? (uint32_t)got : 0;
	}
	if (!m->missing) {
		if (m->tail_len)
			memcpy(s->plain + s->plain_len + read, m->tail, m->tail_len);
		s->plain_len += gather_size(m);
	}
	s->piece = 0;
	s->count--;
	s->many++;
	return true;
}

static bool gather_same(const void *a, size_t a_len, const void *b, size_t b_len)
{
	return a_len == b_len && (!a_len || !memcmp(a, b, a_len));
}

/* How many of the next ones are frames of one file, alike but for their place in it? */
static unsigned gather_run(const struct send_state *s)
{
	const struct tlsring_message *first = s->many;
	unsigned run = 1;

	if (!first->length || first->tail_len + first->head_len > URING_INSERT_MAX)
		return 0;
	while (run < s->count && run * first->length < GATHER_RUN_MAX) {
		const struct tlsring_message *m = &first[run];

		if (m->file_fd != first->file_fd || m->mapping != first->mapping || m->length != first->length ||
		    m->offset != first->offset + run * first->length ||
		    !gather_same(m->head, m->head_len, first->head, first->head_len) ||
		    !gather_same(m->tail, m->tail_len, first->tail, first->tail_len) ||
		    (m->tail_len && (const char *)m[-1].tail + m->tail_len != m->head))
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
		.insert = m->tail_len ? m->tail : m->head, .insert_len = (uint32_t)(m->tail_len + m->head_len),
		.tail_len = (uint32_t)m->tail_len, .every = (uint32_t)m->length,
		.more = run < s->count || m[run - 1].more,
		.tally = &c->engine->tally[c->conn.zerocopy],
	};

	if (send_transmit(c, &frames, run * gather_size(m)))
		s->run = run;
}

void gather_run_sent(struct tlsring_conn *c, unsigned missing)
{
	struct send_state *s = &c->send;

	c->sent += (s->run - missing) * gather_size(s->many);
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
	while (s->count && (!s->plain_len || s->plain_len + gather_size(s->many) <= s->most)) {
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
