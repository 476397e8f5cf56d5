// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include "lib/engine/poll.h"

void poll_complete(struct engine_poll *poll, int res)
{
	struct engine_poll done = *poll;

	LIST_REMOVE(poll, link);
	free(poll);
	if (!done.engine->freeing)
		done.ready(done.fd, res, done.user);
}

void poll_free(struct tlsring_engine *engine)
{
	struct engine_poll *poll;

	while ((poll = LIST_FIRST(&engine->polls))) {
		LIST_REMOVE(poll, link);
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
	*poll = (struct engine_poll){ .engine = engine, .ready = ready, .user = user, .fd = fd };
	LIST_INSERT_HEAD(&engine->polls, poll, link);
	return 0;
}
