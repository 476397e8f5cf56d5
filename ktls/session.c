// SPDX-License-Identifier: MIT
/*
 * Sessions live in chunks of pages that hold nothing else. What is known about the chunks stands
 * outside them, since a forked child finds them wiped. Chunks are kept for the process's life: as
 * many as its largest number of connections needed.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "ktls/session.h"

#define ARENA_CHUNK	(16 * 1024)
#define ARENA_SLOTS	(ARENA_CHUNK / sizeof(struct ktls_session))

static pthread_mutex_t arena_lock = PTHREAD_MUTEX_INITIALIZER;
static struct ktls_session **arena_free;	/* a stack with room for every slot there is */
static size_t arena_free_count, arena_slots;

static struct ktls_session *arena_map(void)
{
	void *chunk = mmap(NULL, ARENA_CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (chunk == MAP_FAILED)
		return NULL;
	if (madvise(chunk, ARENA_CHUNK, MADV_DONTDUMP) || madvise(chunk, ARENA_CHUNK, MADV_WIPEONFORK)) {
		munmap(chunk, ARENA_CHUNK);
		return NULL;
	}
	/* A limit that is used up must not end connections: these pages can then be swapped. */
	(void)mlock(chunk, ARENA_CHUNK);
	return chunk;
}

static int arena_grow(void)
{
	struct ktls_session **larger, *chunk;

	larger = realloc(arena_free, (arena_slots + ARENA_SLOTS) * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	arena_free = larger;
	chunk = arena_map();
	if (!chunk)
		return -ENOMEM;
	for (size_t i = ARENA_SLOTS; i-- > 0;)
		arena_free[arena_free_count++] = &chunk[i];
	arena_slots += ARENA_SLOTS;
	return 0;
}

int ktls_session_new(struct ktls_session **out)
{
	int ret = 0;

	pthread_mutex_lock(&arena_lock);
	if (!arena_free_count)
		ret = arena_grow();
	if (!ret)
		*out = arena_free[--arena_free_count];
	pthread_mutex_unlock(&arena_lock);
	return ret;
}

void ktls_session_free(struct ktls_session *session)
{
	if (!session)
		return;
	explicit_bzero(session, sizeof(*session));
	pthread_mutex_lock(&arena_lock);
	arena_free[arena_free_count++] = session;
	pthread_mutex_unlock(&arena_lock);
}

void ktls_session_forget(struct ktls_session *session, enum ktls_direction dir)
{
	struct ktls_secret *secret = &session->dir[dir];

	/* The number stays: it must never go back. */
	explicit_bzero(secret->bytes, sizeof(secret->bytes));
	secret->len = 0;
}
