// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include "lib/engine/ops.h"
#include "lib/engine/send.h"
#include "lib/tls/control.h"
#include "lib/tls/machine.h"
#include "lib/tls/record.h"

/* One operation carries at most this many bytes, so that the answer to a KeyUpdate finds a gap
 * soon, a key's use is counted, and one large file does not hold the loop. */
#define SEND_PIECE (1u << 20)
#define SEND_PAGES_MIN	(64u << 10)	/* bytes of a file that are worth a sendfile */
#define BATCH_RUN_MIN	(128 * 1024)	/* less than that is cheaper to copy than to map */
#define BATCH_RUN_MAX (1u << 20)

_Static_assert(TLSRING_MANY_MAX <= SEND_PLAIN, "a message must fit");	/* NOLINT: both are equal */

static void send_put_plain(struct tlsring_conn *c)
{
	if (c->send.plain)
		uring_pool_put(c->engine->loop, c->send.plain);
	c->send.plain = NULL;
}

void send_finish(struct tlsring_conn *c, int result)
{
	send_put_plain(c);
	c->send = (struct send_state){ 0 };
	c->paused = false;
	c->active = uring_now(c->engine->loop);
	if (c->handlers->sent)
		c->handlers->sent(c, result, c->user);
}

/* Fail the message and the connection. */
static void send_fail(struct tlsring_conn *c, int result, const char *detail)
{
	conn_fail(&c->conn, result, detail);
	send_finish(c, result);
}

static bool send_get_plain(struct tlsring_conn *c)
{
	c->send.plain = uring_pool_get(c->engine->loop);
	if (!c->send.plain)
		send_fail(c, -ENOMEM, NULL);
	return c->send.plain;
}

/* ---- the kernel seals, or our own records ---- */

static long send_encode(void *user, const struct iovec *pieces, size_t count, size_t len, void *out)
{
	struct tlsring_conn *c = user;

	(void)count;
	return record_seal_pieces(&c->conn, pieces, len, out);
}

static const struct uring_encoder send_encoder = { send_encode, KTLS_RECORD_OVERHEAD };

/* Who counts this connection's bytes. */
static struct uring_tally *send_tally(const struct tlsring_conn *c)
{
	if (record_own(&c->conn, KTLS_TX))
		return &c->engine->tally[ENGINE_TALLY_RECORDS];
	return &c->engine->tally[c->conn.zerocopy ? ENGINE_TALLY_ZEROCOPY : ENGINE_TALLY_KERNEL];
}

/* Send a piece, of which this many bytes are sealed. False: a KeyUpdate goes first, or the message
 * has failed. */
static bool send_transmit(struct tlsring_conn *c, struct uring_message *piece, uint64_t bytes)
{
	int ret;

	if (!conn_account(&c->conn, bytes)) {
		send_fail(c, -EKEYEXPIRED, CONN_KEY_USED_UP);
		return false;
	}
	if (c->conn.due)
		return false;
	piece->tally = send_tally(c);
	if (record_own(&c->conn, KTLS_TX)) {
		piece->encoder = &send_encoder;
		piece->encoder_user = c;
	}
	ret = uring_transmit(c->engine->loop, c->fd, piece, engine_tag(c, ENGINE_MESSAGE));
	if (ret) {
		send_fail(c, ret, NULL);
		return false;
	}
	ops_begin_write(c);
	return true;
}

static void send_records(struct tlsring_conn *c)
{
	struct tlsring_message *m = &c->send.message;
	bool own = record_own(&c->conn, KTLS_TX);
	uint64_t file = m->length < SEND_PIECE ? m->length : SEND_PIECE;
	struct uring_message piece = {
		.head = m->head,
		.head_len = m->head_len,
		.file_fd = m->length ? m->file_fd : -1,
		.offset = m->offset,
		.length = file,
		.more = m->more || file < m->length,
		.sealed = !own,
		.sendfile =
			!own && (c->conn.zerocopy || (m->length >= SEND_PAGES_MIN && !m->mapping)),
		.mapping = m->mapping,
		.nonblocking = &c->nonblocking,
	};

	if (send_transmit(c, &piece, m->head_len + file))
		c->send.piece = (uint32_t)file;
}

/* ---- libssl seals ---- */

/* Bytes that the socket takes now. It counts more memory for them than they are long. */
static size_t send_space(const struct tlsring_conn *c)
{
	uint32_t memory[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(memory);

	if (getsockopt(c->fd, SOL_SOCKET, SO_MEMINFO, memory, &len) ||
	    memory[SK_MEMINFO_SNDBUF] <= memory[SK_MEMINFO_WMEM_QUEUED])
		return 0;
	return (memory[SK_MEMINFO_SNDBUF] - memory[SK_MEMINFO_WMEM_QUEUED]) / 2;
}

/* How many bytes to make next, in full records. A full socket gets none, because thousands of slow
 * readers would each hold them. 0: waiting for the socket, or the message has failed. */
static size_t send_room(struct tlsring_conn *c)
{
	struct pollfd socket = { .fd = c->fd, .events = POLLOUT };
	size_t space;
	int ret;

	if (!c->send.large)
		return SEND_PLAIN;
	if (poll(&socket, 1, 0)) {
		space = send_space(c) & ~(SEND_RECORD - 1ul);
		if (space > SEND_PLAIN)
			return SEND_PLAIN;
		return space ? space : SEND_RECORD;
	}
	ret = uring_poll(c->engine->loop, c->fd, POLLOUT, engine_tag(c, ENGINE_ROOM));
	if (ret)
		send_fail(c, ret, NULL);
	else
		ops_begin_write(c);
	return 0;
}

static void send_seal(struct tlsring_conn *c, const void *data, size_t len)
{
	int ret = conn_seal(&c->conn, data, len);

	send_put_plain(c);
	if (ret) {
		send_fail(c, ret, c->conn.detail);
		return;
	}
	c->sent += len;
	uring_tally_add(&c->engine->tally[ENGINE_TALLY_RECORDS].bytes[URING_WAY_BUFFER], len);
}

/* Read file bytes that are not in memory to plain + at. send_complete() follows. */
static void send_fetch(struct tlsring_conn *c, int fd, size_t at, size_t len, uint64_t offset)
{
	int ret = uring_read(c->engine->loop, fd, c->send.plain + at, len, offset,
			     engine_tag(c, ENGINE_READ));

	if (ret)
		send_fail(c, ret, NULL);
	else
		ops_begin_write(c);
}

static void send_read_done(struct tlsring_conn *c, int res);

static void send_read(struct tlsring_conn *c)
{
	struct tlsring_message *m = &c->send.message;
	size_t room = c->send.plain_limit - c->send.plain_len,
	       len = m->length < room ? m->length : room;
	ssize_t got = uring_read_now(c->engine->loop, m->file_fd,
				     c->send.plain + c->send.plain_len, len, m->offset);

	if (got == -EAGAIN)
		send_fetch(c, m->file_fd, c->send.plain_len, len, m->offset);
	else
		send_read_done(c, (int)got);
}

static void send_read_done(struct tlsring_conn *c, int res)
{
	struct tlsring_message *m = &c->send.message;

	if (res <= 0) {
		send_fail(c, res ? res : -ENODATA, res ? NULL : "the file became shorter");
		return;
	}
	c->send.plain_len += (uint32_t)res;
	m->offset += (uint64_t)res;
	m->length -= (uint64_t)res;
	if (m->length && c->send.plain_len < c->send.plain_limit)
		send_read(c);
	else
		send_seal(c, c->send.plain, c->send.plain_len);
}

/* The head shares its record with the file's start, as it does when the kernel seals. */
static void send_head_and_file(struct tlsring_conn *c, size_t limit)
{
	struct tlsring_message *m = &c->send.message;

	c->send.plain_limit = (uint32_t)limit;
	if (!send_get_plain(c))
		return;
	if (m->head_len)
		memcpy(c->send.plain, m->head, m->head_len);
	c->send.plain_len = (uint32_t)m->head_len;
	m->head_len = 0;
	send_read(c);
}

static void send_libssl(struct tlsring_conn *c)
{
	struct tlsring_message *m = &c->send.message;
	/* A batch fills plain already: its bytes are made. */
	size_t limit = c->send.plain ? SEND_PLAIN : send_room(c);
	size_t len = m->head_len < limit ? m->head_len : limit;
	const void *data = m->head;

	if (!limit)
		return;
	if (m->length && m->head_len < limit) {
		send_head_and_file(c, limit);
		return;
	}
	m->head = (const uint8_t *)m->head + len;
	m->head_len -= len;
	send_seal(c, data, len);
}

/* ---- batches: the messages of tlsring_send_many() as one ---- */

/* Copy the rest of the first message's head and file range into plain. False: its file bytes
 * must be fetched, or the message has failed. */
static bool batch_read(struct tlsring_conn *c)
{
	struct send_state *s = &c->send;
	struct tlsring_message *m = s->messages;
	size_t size = m->head_len + m->length;

	if (!s->piece && m->head_len) {
		memcpy(s->plain + s->plain_len, m->head, m->head_len);
		s->piece = (uint32_t)m->head_len;
	}
	while (s->piece < size && !m->missing) {
		size_t at = s->plain_len + s->piece, left = size - s->piece;
		uint64_t offset = m->offset + s->piece - m->head_len;
		ssize_t got = uring_read_now(c->engine->loop, m->file_fd, s->plain + at, left,
					     offset);

		if (got == -EAGAIN) {
			send_fetch(c, m->file_fd, at, left, offset);
			return false;
		}
		m->missing = got <= 0;
		s->piece += got > 0 ? (uint32_t)got : 0;
	}
	return true;
}

/* Add the first message to plain, or leave it out where its file is too short. False: as
 * batch_read(). */
static bool batch_add(struct tlsring_conn *c)
{
	struct send_state *s = &c->send;
	const struct tlsring_message *m = s->messages;

	if (!batch_read(c))
		return false;
	if (!m->missing) {
		if (m->tail_len)
			memcpy(s->plain + s->plain_len + m->head_len + m->length, m->tail,
			       m->tail_len);
		s->plain_len += engine_message_size(m);
	}
	s->piece = 0;
	s->count--;
	s->messages++;
	return true;
}

static void batch_fetched(struct tlsring_conn *c, int res)
{
	if (res > 0)
		c->send.piece += (uint32_t)res;
	else
		c->send.messages->missing = true;
}

static bool batch_same(const void *a, size_t a_len, const void *b, size_t b_len)
{
	return a_len == b_len && (!a_len || !memcmp(a, b, a_len));
}

/* Is messages[i] a frame that continues the run that messages[0] begins? */
static bool batch_continues(const struct tlsring_message *messages, unsigned i)
{
	const struct tlsring_message *first = messages, *m = &messages[i];

	return m->file_fd == first->file_fd && m->mapping == first->mapping &&
	       m->length == first->length && m->offset == first->offset + i * first->length &&
	       batch_same(m->head, m->head_len, first->head, first->head_len) &&
	       batch_same(m->tail, m->tail_len, first->tail, first->tail_len) &&
	       (!m->tail_len || (const char *)m[-1].tail + m->tail_len == m->head);
}

/* How many of the next messages are frames of one file, alike but for their place in it? */
static unsigned batch_run(const struct send_state *s)
{
	const struct tlsring_message *first = s->messages;
	unsigned run = 1;

	if (!first->length || first->tail_len + first->head_len > URING_INSERT_MAX)
		return 0;
	while (run < s->count && run * first->length < BATCH_RUN_MAX && batch_continues(first, run))
		run++;
	return run;
}

/* Send frames straight from the page cache. */
static void batch_send_run(struct tlsring_conn *c, unsigned run)
{
	struct send_state *s = &c->send;
	const struct tlsring_message *m = s->messages;
	struct uring_message frames = {
		.file_fd = m->file_fd,
		.offset = m->offset,
		.length = run * m->length,
		.mapping = m->mapping,
		.insert = m->tail_len ? m->tail : m->head,
		.insert_len = (uint32_t)(m->tail_len + m->head_len),
		.tail_len = (uint32_t)m->tail_len,
		.piece_len = (uint32_t)m->length,
		.more = run < s->count || m[run - 1].more,
	};

	if (send_transmit(c, &frames, run * engine_message_size(m)))
		s->run = run;
}

/* A run has gone to the socket, without the last `missing` frames, for which the file was too
 * short. */
static void batch_run_sent(struct tlsring_conn *c, unsigned missing)
{
	struct send_state *s = &c->send;

	c->sent += (s->run - missing) * engine_message_size(s->messages);
	for (unsigned i = s->run - missing; i < s->run; i++)
		s->messages[i].missing = true;
	s->messages += s->run;
	s->count -= s->run;
	s->run = 0;
}

/* Make the next messages one, in plain. */
static void batch_fill(struct tlsring_conn *c)
{
	struct send_state *s = &c->send;
	bool more = false;

	if (!s->plain) {
		s->plain_limit = (uint32_t)send_room(c);
		if (!s->plain_limit || !send_get_plain(c))
			return;
	}
	while (s->count && (!s->plain_len ||
			    s->plain_len + engine_message_size(s->messages) <= s->plain_limit)) {
		more = s->messages->more;
		if (!batch_add(c))
			return;
	}
	s->message = (struct tlsring_message){
		.head = s->plain, .head_len = s->plain_len, .file_fd = -1, .more = s->count || more,
	};
	s->plain_len = 0;
}

static void batch_next(struct tlsring_conn *c)
{
	struct send_state *s = &c->send;
	unsigned run = 0;

	if (!s->piece && !s->plain_len && c->conn.session)
		run = batch_run(s);
	if (run * s->messages->length >= BATCH_RUN_MIN)
		batch_send_run(c, run);
	else
		batch_fill(c);
}

/* ---- the message ---- */

void send_next(struct tlsring_conn *c)
{
	struct tlsring_message *m = &c->send.message;

	if (!m->head_len && !m->length) {
		if (c->send.count)
			batch_next(c);
		else
			send_finish(c, 0);
	} else if (c->conn.session) {
		send_records(c);
	} else {
		send_libssl(c);
	}
}

static void send_piece_sent(struct tlsring_conn *c)
{
	struct tlsring_message *m = &c->send.message;

	c->sent += m->head_len + c->send.piece;
	m->head_len = 0;
	m->offset += c->send.piece;
	m->length -= c->send.piece;
	send_put_plain(c);
}

void send_complete(struct tlsring_conn *c, enum engine_op op, int res)
{
	if (c->conn.state == CONN_FAILED)
		send_finish(c, c->conn.result);
	else if (op == ENGINE_READ && c->send.count)
		batch_fetched(c, res);
	else if (op == ENGINE_READ)
		send_read_done(c, res);
	else if (res < 0)
		send_fail(c, res, res == -ENODATA ? "the file became shorter" : NULL);
	else if (op == ENGINE_ROOM)
		return;
	else if (c->send.run)
		batch_run_sent(c, (unsigned)res);
	else
		send_piece_sent(c);
}
