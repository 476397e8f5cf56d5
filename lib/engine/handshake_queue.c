// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>
#include "ktls/install.h"
#include "lib/engine/connection.h"
#include "lib/engine/handshake_queue.h"

/*
 * A handshake costs as much time as dozens of requests, while its first message costs a client
 * nothing, so that thousands may come at once. The first handshake message of a round is handled
 * when it comes up; all others of the round are put off. One of them has its turn at the end of a
 * round that brought nothing else, or when other work has had as much time as a handshake takes. So
 * at most one handshake is done between two looks at what else has come, and none waits for ever.
 */

#define HANDSHAKE_QUEUE_LAG_MAX	8	/* of other work, in handshakes */

struct handshake_waiting {
	STAILQ_ENTRY(handshake_waiting) link;
	struct uring_completion completion;
	char data[];
};

void handshake_queue_init(struct tlsring_engine *engine)
{
	STAILQ_INIT(&engine->handshakes.waiting);
}

bool handshake_queue_waits(const struct tlsring_engine *engine)
{
	return !STAILQ_EMPTY(&engine->handshakes.waiting);
}

bool handshake_queue_put_off(struct tlsring_engine *engine, const struct tlsring_conn *c,
			     const struct uring_completion *completion)
{
	struct handshake_queue *queue = &engine->handshakes;
	size_t len = completion->flags & URING_COMPLETION_BUFFER ? (size_t)completion->res : 0;
	struct handshake_waiting *copy;

	if (c->conn.state != CONN_HANDSHAKE)
		return false;
	if (!handshake_queue_waits(engine) && !queue->round_had_one) {
		queue->round_had_one = true;
		return false;
	}
	copy = malloc(sizeof(*copy) + len);
	if (!copy)
		return false;
	copy->completion = *completion;
	/* The loop needs its buffers for work that is not put off. */
	if (completion->flags & URING_COMPLETION_BUFFER) {
		memcpy(copy->data, completion->data, len);
		uring_buffer_put(engine->loop, completion->buffer);
		copy->completion.flags &= ~URING_COMPLETION_BUFFER;
		copy->completion.data = copy->data;
	}
	if (!handshake_queue_waits(engine)) {
		queue->counted_at = ktls_install_clock();
		queue->lag = 0;
	}
	STAILQ_INSERT_TAIL(&queue->waiting, copy, link);
	return true;
}

static void handshake_queue_do_one(struct handshake_queue *queue)
{
	struct handshake_waiting *first = STAILQ_FIRST(&queue->waiting);
	struct tlsring_conn *c =
		(void *)(uintptr_t)(first->completion.tag & ~(uint64_t)ENGINE_OP_MASK);

	STAILQ_REMOVE_HEAD(&queue->waiting, link);
	connection_complete(c, first->completion.tag & ENGINE_OP_MASK, &first->completion);
	free(first);
}

void handshake_queue_turn(struct tlsring_engine *engine, bool busy)
{
	struct handshake_queue *queue = &engine->handshakes;
	uint64_t start;

	queue->round_had_one = false;
	if (!handshake_queue_waits(engine))
		return;
	start = ktls_install_clock();
	queue->lag += start - queue->counted_at;
	queue->counted_at = start;
	if (busy && queue->lag < queue->cost)
		return;
	handshake_queue_do_one(queue);
	queue->counted_at = ktls_install_clock();
	queue->cost = queue->counted_at - start;
	queue->lag -= queue->lag < queue->cost ? queue->lag : queue->cost;
	if (queue->lag > HANDSHAKE_QUEUE_LAG_MAX * queue->cost)
		queue->lag = HANDSHAKE_QUEUE_LAG_MAX * queue->cost;
}

void handshake_queue_free(struct tlsring_engine *engine)
{
	struct handshake_waiting *first;

	while ((first = STAILQ_FIRST(&engine->handshakes.waiting))) {
		STAILQ_REMOVE_HEAD(&engine->handshakes.waiting, link);
		free(first);
	}
}
