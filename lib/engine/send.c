// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include "lib/engine/internal.h"

/* One operation carries at most so much, so that control records find a gap, a key's use is
 * counted, and one large file does not hold the loop. */
#define SEND_PIECE	(8u << 20)
#define SEND_RECORD	16384u
#define SEND_PAGES_LEAST	(64u << 10)	/* a file of which so much is left goes out by sendfile */

void send_fail(struct tlsring_conn *c, int result, const char *detail)
{
	conn_fail(&c->conn, result, detail);
	send_finish(c, result);
}

void send_put_plain(struct tlsring_conn *c)
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

bool send_transmit(struct tlsring_conn *c, const struct uring_message *piece, uint64_t bytes)
{
	int ret;

	if (!conn_account(&c->conn, bytes)) {
		send_fail(c, -EKEYEXPIRED, "the key is used up and this kernel cannot change it");
		return false;
	}
	if (c->conn.due)
		return false;		/* the KeyUpdate goes first */
	ret = uring_transmit(c->engine->loop, c->fd, piece, engine_tag(c, ENGINE_MESSAGE));
	if (ret) {
		send_fail(c, ret, NULL);
		return false;
	}
	c->writing = true;
	c->ops++;
	return true;
}

static void send_kernel(struct tlsring_conn *c)
{
	struct tlsring_message *m = &c->send.message;
	uint64_t file = m->length < SEND_PIECE ? m->length : SEND_PIECE;
	struct uring_message piece = {
		.head = m->head, .head_len = m->head_len,
		.file_fd = m->length ? m->file_fd : -1, .offset = m->offset, .length = file,
		.more = m->more || file < m->length,
		.sealed = true,
		.pages = c->conn.zerocopy || (m->length >= SEND_PAGES_LEAST && !m->mapping),
		.mapping = m->mapping,
		.nonblocking = &c->nonblocking,
		.tally = &c->engine->tally[c->conn.zerocopy],
	};

	if (send_transmit(c, &piece, m->head_len + file))
		c->send.piece = (uint32_t)file;
}

/* So many bytes the socket takes now; it counts more for them than they are. */
static size_t send_space(const struct tlsring_conn *c)
{
	uint32_t memory[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(memory);

	if (getsockopt(c->fd, SOL_SOCKET, SO_MEMINFO, memory, &len) ||
	    memory[SK_MEMINFO_SNDBUF] <= memory[SK_MEMINFO_WMEM_QUEUED])
		return 0;
	return (memory[SK_MEMINFO_SNDBUF] - memory[SK_MEMINFO_WMEM_QUEUED]) / 2;
}

/* What a full socket would not take is not made: of thousands who read slowly each would hold it.
 * How many bytes shall go out next, in full records; 0: the socket is waited for. */
size_t send_room(struct tlsring_conn *c)
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
	if (ret) {
		send_fail(c, ret, NULL);
		return 0;
	}
	c->writing = true;
	c->ops++;
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
	uring_tally_add(&c->engine->records, len);
}

void send_read(struct tlsring_conn *c, int fd, size_t at, size_t len, uint64_t offset)
{
	int ret = uring_read(c->engine->loop, fd, c->send.plain + at, len, offset, engine_tag(c, ENGINE_READ));

	if (ret) {
		send_fail(c, ret, NULL);
		return;
	}
	c->writing = true;
	c->ops++;
}

static void send_was_read(struct tlsring_conn *c, int res);

static void send_read_on(struct tlsring_conn *c)
{
	struct tlsring_message *m = &c->send.message;
	size_t room = c->send.most - c->send.plain_len, len = m->length < room ? m->length : room;
	ssize_t got = uring_read_now(m->file_fd, c->send.plain + c->send.plain_len, len, m->offset);

	if (got == -EAGAIN)
		send_read(c, m->file_fd, c->send.plain_len, len, m->offset);
	else
		send_was_read(c, (int)got);
}

/* The head shares its record with the file's start, as in the kernel's path. */
static void send_user(struct tlsring_conn *c)
{
	struct tlsring_message *m = &c->send.message;
	const void *data;
	/* What was gathered is here already. */
	size_t most = c->send.plain ? SEND_PLAIN : send_room(c);
	size_t len = m->head_len < most ? m->head_len : most;

	if (!most)
		return;
	if (m->length && m->head_len < most) {
		c->send.most = (uint32_t)most;
		c->send.plain = uring_pool_get(c->engine->loop);
		if (!c->send.plain) {
			send_fail(c, -ENOMEM, NULL);
			return;
		}
		if (len)
			memcpy(c->send.plain, m->head, len);
		c->send.plain_len = (uint32_t)len;
		m->head_len = 0;
		send_read_on(c);
		return;
	}
	data = m->head;
	m->head = (const uint8_t *)m->head + len;
	m->head_len -= len;
	send_seal(c, data, len);
}

void send_next(struct tlsring_conn *c)
{
	struct tlsring_message *m = &c->send.message;

	if (!m->head_len && !m->length) {
		if (c->send.count)
			gather_next(c);
		else
			send_finish(c, 0);
	} else if (c->conn.dir[KTLS_TX].path == TLSRING_PATH_USER) {
		send_user(c);
	} else {
		send_kernel(c);
	}
}

static void send_was_read(struct tlsring_conn *c, int res)
{
	struct tlsring_message *m = &c->send.message;

	if (res <= 0) {
		send_fail(c, res ? res : -ENODATA, res ? NULL : "the file became shorter");
		return;
	}
	c->send.plain_len += (uint32_t)res;
	m->offset += (uint64_t)res;
	m->length -= (uint64_t)res;
	if (m->length && c->send.plain_len < c->send.most)
		send_read_on(c);
	else
		send_seal(c, c->send.plain, c->send.plain_len);
}

void send_completed(struct tlsring_conn *c, enum engine_op op, int res)
{
	struct tlsring_message *m = &c->send.message;

	if (c->conn.state == CONN_FAILED) {
		send_finish(c, c->conn.result);
	} else if (op == ENGINE_READ && c->send.count) {
		gather_was_read(c, res);
	} else if (op == ENGINE_READ) {
		send_was_read(c, res);
	} else if (res < 0) {
		send_fail(c, res, res == -ENODATA ? "the file became shorter" : NULL);
	} else if (op == ENGINE_ROOM) {
		return;
	} else if (c->send.run) {
		gather_run_sent(c, (unsigned)res);
	} else {
		c->sent += m->head_len + c->send.piece;
		m->head_len = 0;
		m->offset += c->send.piece;
		m->length -= c->send.piece;
		send_put_plain(c);
	}
}

static int send_ready(const struct tlsring_conn *c)
{
	if (!c->opened || c->closing || c->finishing || c->ended || c->conn.state == CONN_FAILED)
		return -EPIPE;
	return c->send.busy ? -EBUSY : 0;
}

/* Is this message, of so many bytes, the moment to hand over? */
static bool send_hands_over(const struct tlsring_conn *c, uint64_t length)
{
	const struct tlsring_ctx *ctx = c->conn.ctx;

	if (conn_handed(&c->conn) || (ctx->when != TLSRING_AT_LARGE && ctx->when != TLSRING_ADAPTIVE))
		return false;
	return length >= ctx->large || (ctx->when == TLSRING_ADAPTIVE && c->sent);
}

static void send_start(struct tlsring_conn *c, uint64_t length)
{
	c->send.busy = true;
	c->send.large = length > SEND_RECORD;
	c->looked = false;
	deadline_watch(c);
	if (send_hands_over(c, length))
		c->handing = true;
	drive(c);
}

int tlsring_send(struct tlsring_conn *c, const struct tlsring_message *message)
{
	int ret = send_ready(c);

	if (ret)
		return ret;
	if ((message->length && message->file_fd < 0) || (message->head_len && !message->head) || message->tail_len)
		return -EINVAL;
	c->send.message = *message;
	send_start(c, message->head_len + message->length);
	return 0;
}

int tlsring_send_many(struct tlsring_conn *c, struct tlsring_message *messages, unsigned count)
{
	int ret = send_ready(c);
	uint64_t length = 0;

	if (ret)
		return ret;
	for (unsigned i = 0; i < count; i++) {
		const struct tlsring_message *m = &messages[i];

		if ((m->length && m->file_fd < 0) || (m->head_len && !m->head) || (m->tail_len && !m->tail) ||
		    m->length > TLSRING_MANY_MAX || m->head_len > TLSRING_MANY_MAX - m->length ||
		    m->tail_len > TLSRING_MANY_MAX - m->length - m->head_len)
			return -EINVAL;
		messages[i].missing = false;
		length += gather_size(m);
	}
	if (!count)
		return -EINVAL;
	c->send.many = messages;
	c->send.count = count;
	send_start(c, length);
	return 0;
}
