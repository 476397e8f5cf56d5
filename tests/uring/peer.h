/* SPDX-License-Identifier: MIT */
#ifndef PEER_H
#define PEER_H

/* The other end of a connection: a thread that reads to the end and hashes what it read. And files
 * that differ in every byte. */

#include <sys/ioctl.h>
#include <sys/stat.h>

#include "tests/uring/both.h"

#define PEER_TAG	0x21	/* tag of the transmissions below */
#define PEER_SEED	14695981039346656037ull

struct peer {
	size_t piece;		/* bytes of one read; 0: 64 KiB */
	unsigned pause;		/* microseconds between two reads */
	int fd;
	int error;
	uint64_t total, hash;
	pthread_t thread;
};

/* FNV-1a. */
static inline uint64_t peer_hash(uint64_t hash, const void *data, size_t len)
{
	for (const unsigned char *at = data; len--; at++)
		hash = (hash ^ *at) * 1099511628211ull;
	return hash;
}

static inline uint64_t peer_hash_file(uint64_t hash, int fd, uint64_t offset, uint64_t length)
{
	char buf[65536];

	while (length) {
		ssize_t got =
			pread(fd, buf, length < sizeof(buf) ? length : sizeof(buf), (off_t)offset);

		CHECK(got > 0);
		hash = peer_hash(hash, buf, (size_t)got);
		offset += (uint64_t)got;
		length -= (uint64_t)got;
	}
	return hash;
}

static inline void *peer_main(void *arg)
{
	struct peer *peer = arg;
	char buf[65536];
	ssize_t got;

	while ((got = read(peer->fd, buf, peer->piece ? peer->piece : sizeof(buf))) > 0) {
		peer->hash = peer_hash(peer->hash, buf, (size_t)got);
		peer->total += (uint64_t)got;
		if (peer->pause)
			usleep(peer->pause);
	}
	peer->error = got < 0 ? errno : 0;
	return NULL;
}

static inline void peer_start(struct peer *peer, int fd)
{
	size_t piece = peer->piece;
	unsigned pause = peer->pause;

	*peer = (struct peer){ .piece = piece, .pause = pause, .fd = fd, .hash = PEER_SEED };
	CHECK(!pthread_create(&peer->thread, NULL, peer_main, peer));
}

static inline void peer_finish(struct peer *peer)
{
	CHECK(!pthread_join(peer->thread, NULL));
}

/* Send one message to the peer, over a connection of its own. */
static inline void peer_takes(struct uring_loop *loop, struct peer *peer, int bufsize,
			      const struct uring_message *message)
{
	int ends[2];

	both_pair(ends, bufsize);
	peer_start(peer, ends[1]);
	EQ(uring_transmit(loop, ends[0], message, PEER_TAG), 0);
	both_expect(loop, PEER_TAG, 0);
	close(ends[0]);
	peer_finish(peer);
	close(ends[1]);
}

/* Run a transmission to a peer that does not read until both sockets are full. */
static inline void peer_fills(struct uring_loop *loop, const int ends[2])
{
	int waiting;

	do {
		both_quiet(loop);
		CHECK(!ioctl(ends[1], FIONREAD, &waiting));
	} while (!waiting);
	both_quiet(loop);
}

/* Send one message to the peer, and truncate its file while it waits for room. Returns its
 * result. */
static inline int peer_takes_shrunk(struct uring_loop *loop, struct peer *peer,
				    const struct uring_message *message, off_t to)
{
	struct uring_completion completion;
	int ends[2];

	both_pair(ends, 8192);
	EQ(uring_transmit(loop, ends[0], message, PEER_TAG), 0);
	peer_fills(loop, ends);
	CHECK(!ftruncate(message->file_fd, to));
	peer_start(peer, ends[1]);
	completion = both_completion(loop);
	EQ(completion.tag, PEER_TAG);
	close(ends[0]);
	peer_finish(peer);
	close(ends[1]);
	return completion.res;
}

/* Drop the file from the page cache. */
static inline void peer_cool(int file)
{
	CHECK(!fsync(file));
	CHECK(!posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED));
}

static inline int peer_fill(int fd, uint64_t size)
{
	char buf[65536];
	uint64_t at = 0, state = 88172645463325252ull;

	while (at < size) {
		size_t len = size - at < sizeof(buf) ? (size_t)(size - at) : sizeof(buf);

		for (size_t i = 0; i < len; i++) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			buf[i] = (char)(state | 1);	/* never zero, unlike padding */
		}
		CHECK(write(fd, buf, len) == (ssize_t)len);
		at += len;
	}
	return fd;
}

/* Files of the same size have the same bytes. */
static inline int peer_file(uint64_t size)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	CHECK(fd >= 0);
	return peer_fill(fd, size);
}

static inline int peer_disk_file(uint64_t size)
{
	char name[256];
	int fd;

	snprintf(name, sizeof(name), "%s/tlsring-XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/var/tmp");
	fd = mkostemp(name, O_CLOEXEC);
	CHECK(fd >= 0 && !unlink(name));
	return peer_fill(fd, size);
}

#endif
