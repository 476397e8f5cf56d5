// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "lib/engine.h"

/*
 * A handshake takes longer than dozens of requests, and whoever wants to do harm sends thousands of first
 * messages at once, which cost him nothing. So the first in a round is done when it comes up, and what
 * comes for others is put off until a round brings nothing at all, so that all answers are on their way; or
 * until all else has had as much time as a handshake takes. Then it is one handshake's turn, or that of as
 * many as take as long as all else did.
 */

#define FAIR_MOST	8	/* in a round, however long it took */

struct fair_fact {
	struct fair_fact *next;
	struct uring_fact fact;
	char data[];
};

static uint64_t fair_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

bool fair_put_off(struct tlsring_engine *engine, const struct tlsring_conn *c, const struct uring_fact *fact)
{
	struct fair *fair = &engine->fair;
	size_t len = fact->flags & URING_FACT_BUFFER ? (size_t)fact->res : 0;
	struct fair_fact *copy;

	if (c->conn.state != CONN_HANDSHAKE)
		return false;
	if (!fair->first && !fair->done) {
		fair->done = true;
		return false;
	}
	copy = malloc(sizeof(*copy) + len);
	if (!copy)
		return false;
	copy->next = NULL;
	copy->fact = *fact;
	/* The loop's buffers are for those whose turn it is. */
	if (fact->flags & URING_FACT_BUFFER) {
		memcpy(copy->data, fact->data, len);
		uring_buffer_put(engine->loop, fact->buffer);
		copy->fact.flags &= ~URING_FACT_BUFFER;
		copy->fact.data = copy->data;
	}
	if (!fair->first)
		fair->ended = fair_now();
	*(fair->first ? &fair->last->next : &fair->first) = copy;
	fair->last = copy;
	return true;
}

static void fair_take(struct fair *fair)
{
	struct fair_fact *taken = fair->first;
	struct tlsring_conn *c = (void *)(uintptr_t)(taken->fact.tag & ~(uint64_t)ENGINE_OP_MASK);

	fair->first = taken->next;
	drive_fact(c, taken->fact.tag & ENGINE_OP_MASK, &taken->fact);
	free(taken);
}

void fair_turn(struct tlsring_engine *engine, bool busy)
{
	struct fair *fair = &engine->fair;
	unsigned count = 0;
	uint64_t start, now, before, others;

	fair->done = false;
	if (!fair->first)
		return;
	start = now = fair_now();
	others = start - fair->ended;
	if (busy && others < fair->took)
		return;
	do {
		before = now;
		fair_take(fair);
		now = fair_now();
		fair->took = now - before;
	} while (fair->first && ++count < FAIR_MOST && now - start < others);
	fair->ended = now;
}

void fair_free(struct tlsring_engine *engine)
{
	struct fair_fact *fact;

	while ((fact = engine->fair.first)) {
		engine->fair.first = fact->next;
		free(fact);
	}
}
