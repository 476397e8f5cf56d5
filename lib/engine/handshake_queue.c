// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>
#include "ktls/install.h"
#include "lib/engine/internal.h"

/*
 * A handshake takes longer than dozens of requests, and whoever wants to do harm sends thousands of first
 * messages at once, which cost him nothing. So the first in a round is done when it comes up, and what
 * comes for others is put off. One of them has its turn when a round brings nothing, so that all answers
 * are on their way; and, lest they wait for ever, when all else has had as much time as a handshake takes.
 * Never more than one between two looks at what else there is.
 */

#define FAIR_MOST	8	/* handshakes for which all else has had the time */

struct fair_completion {
	struct fair_completion *next;
	struct uring_completion completion;
	char data[];
};

bool fair_put_off(struct tlsring_engine *engine, const struct tlsring_conn *c, const struct uring_completion *completion)
{
	struct fair *fair = &engine->fair;
	size_t len = completion->flags & URING_COMPLETION_BUFFER ? (size_t)completion->res : 0;
	struct fair_completion *copy;

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
	copy->completion = *completion;
	/* The loop's buffers are for those whose turn it is. */
	if (completion->flags & URING_COMPLETION_BUFFER) {
		memcpy(copy->data, completion->data, len);
		uring_buffer_put(engine->loop, completion->buffer);
		copy->completion.flags &= ~URING_COMPLETION_BUFFER;
		copy->completion.data = copy->data;
	}
	if (!fair->first) {
		fair->since = ktls_install_clock();
		fair->owed = 0;
	}
	*(fair->first ? &fair->last->next : &fair->first) = copy;
	fair->last = copy;
	return true;
}

static void fair_take(struct fair *fair)
{
	struct fair_completion *taken = fair->first;
	struct tlsring_conn *c = (void *)(uintptr_t)(taken->completion.tag & ~(uint64_t)ENGINE_OP_MASK);

	fair->first = taken->next;
	drive_completed(c, taken->completion.tag & ENGINE_OP_MASK, &taken->completion);
	free(taken);
}

void fair_turn(struct tlsring_engine *engine, bool busy)
{
	struct fair *fair = &engine->fair;
	uint64_t start;

	fair->done = false;
	if (!fair->first)
		return;
	start = ktls_install_clock();
	fair->owed += start - fair->since;
	fair->since = start;
	if (busy && fair->owed < fair->took)
		return;
	fair_take(fair);
	fair->since = ktls_install_clock();
	fair->took = fair->since - start;
	fair->owed -= fair->owed < fair->took ? fair->owed : fair->took;
	if (fair->owed > FAIR_MOST * fair->took)
		fair->owed = FAIR_MOST * fair->took;
}

void fair_free(struct tlsring_engine *engine)
{
	struct fair_completion *completion;

	while ((completion = engine->fair.first)) {
		engine->fair.first = completion->next;
		free(completion);
	}
}
