// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include "lib/engine/internal.h"

static void poll_unlink(struct engine_poll *poll)
{
	if (poll->next)
		poll->next->prev = poll->prev;
	if (poll->prev)
		poll->prev->next = poll->next;
	else
		poll->engine->polls = poll->next;
}

void poll_completed(struct engine_poll *poll, int res)
{
	struct engine_poll told = *poll;

	poll_unlink(poll);
	free(poll);
	if (!told.engine->ending)
		told.ready(told.fd, res, told.user);
}

void poll_free(struct tlsring_engine *engine)
{
	struct engine_poll *poll;

	while ((poll = engine->polls)) {
		engine->polls = poll->next;
		free(poll);
	}
}

int tlsring_engine_poll(struct tlsring_engine *engine, int fd, short events,
			void (*ready)(int fd, int events, void *user), void *user)
{
	struct engine_poll *poll;
	int ret;

	if (!ready)
		return -EINVAL;
	poll = aligned_alloc(_Alignof(struct engine_poll), sizeof(*poll));
	if (!poll)
		return -ENOMEM;
	ret = uring_poll(engine->loop, fd, events, engine_tag(poll, ENGINE_POLL));
	if (ret) {
		free(poll);
		return ret;
	}
	*poll = (struct engine_poll){
		.engine = engine, .next = engine->polls, .ready = ready, .user = user, .fd = fd,
	};
	if (poll->next)
		poll->next->prev = poll;
	engine->polls = poll;
	return 0;
}
