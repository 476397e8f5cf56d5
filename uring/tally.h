/* SPDX-License-Identifier: MIT */
#ifndef URING_TALLY_H
#define URING_TALLY_H

#include <stdatomic.h>
#include <stdint.h>

/* How bytes reached a socket. */
enum uring_way { URING_WAY_BUFFER, URING_WAY_MAPPING, URING_WAY_SENDFILE, URING_WAYS };

/* Bytes that sockets have taken. One thread writes the counters, any thread may read them. */
struct uring_tally {
	_Atomic uint64_t bytes[URING_WAYS];
};

/* Only for the thread that owns the counter: the addition is not atomic, the store is. */
static inline void uring_tally_add(_Atomic uint64_t *count, uint64_t bytes)
{
	uint64_t before = atomic_load_explicit(count, memory_order_relaxed);

	atomic_store_explicit(count, before + bytes, memory_order_relaxed);
}

#endif
