// SPDX-License-Identifier: MIT
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include "tools/serve/telemetry/limits.h"

/* Connections begin and end far less often than requests: locks are fast enough, but not one for
 * all. */
#define LIMITS_LOCKS	64
#define LIMITS_BUCKETS	4096	/* a multiple of LIMITS_LOCKS */

struct limits_address {
	struct limits_address *next;
	uint64_t key[2];
	unsigned count;			/* connections */
	unsigned files;			/* open, besides one for each connection */
};

struct limits {
	const struct limits_settings *settings;
	_Atomic unsigned count;
	_Atomic unsigned files;		/* as an address counts them */
	unsigned files_max;
	uint64_t seed;			/* so that clients cannot choose to fill one bucket */
	pthread_mutex_t locks[LIMITS_LOCKS];
	struct limits_address *buckets[LIMITS_BUCKETS];	/* owned */
};

/* An IPv6 client can choose the lower half of its address: count by the upper half. */
static void limits_key(const struct sockaddr *peer, uint64_t key[2])
{
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)peer;
	uint32_t v4 = 0;

	key[0] = key[1] = 0;
	if (peer->sa_family == AF_INET)
		v4 = ((const struct sockaddr_in *)peer)->sin_addr.s_addr;
	else if (peer->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
		memcpy(&v4, &v6->sin6_addr.s6_addr[12], sizeof(v4));
	else if (peer->sa_family == AF_INET6)
		memcpy(&key[0], &v6->sin6_addr, sizeof(key[0]));
	if (v4)
		key[1] = (uint64_t)v4 << 32 | 1;
}

static unsigned limits_bucket(const struct limits *limits, const uint64_t key[2])
{
	uint64_t hash = limits->seed;

	for (int i = 0; i < 2; i++) {
		hash ^= key[i];
		hash *= 0xff51afd7ed558ccdull;
		hash ^= hash >> 32;
	}
	return hash % LIMITS_BUCKETS;
}

static struct limits_address **limits_find(struct limits *limits, unsigned bucket,
					   const uint64_t key[2])
{
	struct limits_address **at = &limits->buckets[bucket];

	while (*at && memcmp((*at)->key, key, sizeof((*at)->key)))
		at = &(*at)->next;
	return at;
}

/* The caller holds the bucket's lock. */
static enum limits_verdict limits_count(struct limits *limits, unsigned bucket,
					const uint64_t key[2])
{
	unsigned most = limits->settings->connections_per_address;
	struct limits_address **at = limits_find(limits, bucket, key);

	if (!*at) {
		struct limits_address *address = calloc(1, sizeof(*address));

		if (!address)
			return LIMITS_TOO_MANY;
		memcpy(address->key, key, sizeof(address->key));
		*at = address;
	}
	/* Clients of UNIX sockets have no address, and so no limit of their own. */
	if (most && (key[0] || key[1]) && (*at)->count >= most)
		return LIMITS_TOO_MANY_OF_ADDRESS;
	(*at)->count++;
	return LIMITS_WELCOME;
}

enum limits_verdict limits_enter(struct limits *limits, const struct sockaddr *peer)
{
	enum limits_verdict verdict;
	uint64_t key[2];
	unsigned bucket;

	if (atomic_fetch_add(&limits->count, 1) >= limits->settings->connections) {
		atomic_fetch_sub(&limits->count, 1);
		return LIMITS_TOO_MANY;
	}
	limits_key(peer, key);
	bucket = limits_bucket(limits, key);
	pthread_mutex_lock(&limits->locks[bucket % LIMITS_LOCKS]);
	verdict = limits_count(limits, bucket, key);
	pthread_mutex_unlock(&limits->locks[bucket % LIMITS_LOCKS]);
	if (verdict)
		atomic_fetch_sub(&limits->count, 1);
	return verdict;
}

void limits_leave(struct limits *limits, const struct sockaddr *peer)
{
	struct limits_address **at, *address;
	uint64_t key[2];
	unsigned bucket;

	limits_key(peer, key);
	bucket = limits_bucket(limits, key);
	pthread_mutex_lock(&limits->locks[bucket % LIMITS_LOCKS]);
	at = limits_find(limits, bucket, key);
	address = *at;
	if (!--address->count) {	/* NOLINT: limits_enter() counted it */
		*at = address->next;
		free(address);
	}
	pthread_mutex_unlock(&limits->locks[bucket % LIMITS_LOCKS]);
	atomic_fetch_sub(&limits->count, 1);
}

bool limits_file_enter(struct limits *limits, const struct sockaddr *peer)
{
	struct limits_address *address;
	uint64_t key[2];
	unsigned bucket;
	bool fits;

	if (atomic_fetch_add(&limits->files, 1) >= limits->files_max) {
		atomic_fetch_sub(&limits->files, 1);
		return false;
	}
	limits_key(peer, key);
	bucket = limits_bucket(limits, key);
	pthread_mutex_lock(&limits->locks[bucket % LIMITS_LOCKS]);
	address = *limits_find(limits, bucket, key);
	/* One address leaves a quarter to others. */
	fits = address && address->files < limits->files_max - limits->files_max / 4;
	if (fits)
		address->files++;
	pthread_mutex_unlock(&limits->locks[bucket % LIMITS_LOCKS]);
	if (!fits)
		atomic_fetch_sub(&limits->files, 1);
	return fits;
}

void limits_file_leave(struct limits *limits, const struct sockaddr *peer)
{
	struct limits_address *address;
	uint64_t key[2];
	unsigned bucket;

	limits_key(peer, key);
	bucket = limits_bucket(limits, key);
	pthread_mutex_lock(&limits->locks[bucket % LIMITS_LOCKS]);
	address = *limits_find(limits, bucket, key);
	address->files--;	/* NOLINT: its connection is still counted */
	pthread_mutex_unlock(&limits->locks[bucket % LIMITS_LOCKS]);
	atomic_fetch_sub(&limits->files, 1);
}

/* Connections take a third of the descriptors, and as many for a file of each; half of the rest is for
 * the other files of HTTP/2 connections. */
static unsigned limits_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur / 6 > UINT32_MAX / 2)
		return UINT32_MAX / 2;
	return (unsigned)(files.rlim_cur / 6);
}

int limits_new(struct limits **out, const struct limits_settings *settings)
{
	struct limits *limits = calloc(1, sizeof(*limits));

	if (!limits)
		return -ENOMEM;
	limits->settings = settings;
	limits->files_max = limits_files();
	if (getrandom(&limits->seed, sizeof(limits->seed), 0) != sizeof(limits->seed))
		limits->seed = (uintptr_t)limits;
	for (int i = 0; i < LIMITS_LOCKS; i++)
		pthread_mutex_init(&limits->locks[i], NULL);
	*out = limits;
	return 0;
}

void limits_free(struct limits *limits)
{
	if (!limits)
		return;
	for (int i = 0; i < LIMITS_BUCKETS; i++) {
		struct limits_address *next;

		for (struct limits_address *address = limits->buckets[i]; address; address = next) {
			next = address->next;
			free(address);
		}
	}
	free(limits);
}
