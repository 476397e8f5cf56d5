// SPDX-License-Identifier: MIT
/* A file in frames: only whole frames leave, even if the file becomes shorter. */
#include "tests/uring/both.h"
#include "tests/uring/peer.h"

enum { SEND = 0x20 };
#define INSERT	"nine byte"
#define EVERY	16375u

/* The hash of a file in frames, whose tails are the first `tail` bytes of the insert. */
static uint64_t frames_hash(int file, uint64_t offset, unsigned count, uint32_t every,
			    unsigned tail)
{
	uint64_t hash = PEER_SEED;

	for (unsigned i = 0; i < count; i++) {
		hash = peer_hash(hash, &INSERT[tail], strlen(INSERT) - tail);
		hash = peer_hash_file(hash, file, offset + (uint64_t)i * every, every);
		hash = peer_hash(hash, INSERT, tail);
	}
	return hash;
}

static struct uring_message frames_of(int file, uint64_t offset, unsigned count, uint32_t every,
				      unsigned tail)
{
	return (struct uring_message){
		.file_fd = file,
		.offset = offset,
		.length = (uint64_t)count * every,
		.insert = INSERT,
		.insert_len = strlen(INSERT),
		.tail_len = tail,
		.piece_len = every,
	};
}

static void send_and_compare_by(struct uring_loop *loop, bool kept, struct peer peer, int bufsize,
				uint64_t offset, unsigned count, uint32_t every, unsigned tail)
{
	uint64_t length = (uint64_t)count * every;
	int file = peer_file(offset + length);
	struct uring_message message = frames_of(file, offset, count, every, tail);
	struct uring_tally tally = { 0 };

	message.tally = &tally;
	if (kept) {
		message.mapping = mmap(NULL, offset + length, PROT_READ, MAP_SHARED, file, 0);
		CHECK(message.mapping != MAP_FAILED);
	}
	peer_takes(loop, &peer, bufsize, &message);
	EQ(peer.total, length + count * strlen(INSERT));
	EQ(tally.bytes[URING_WAY_BUFFER] + tally.bytes[URING_WAY_MAPPING], peer.total);
	EQ(peer.hash, frames_hash(file, offset, count, every, tail));
	if (kept)
		EQ(munmap((void *)message.mapping, offset + length), 0);
	close(file);
}

static void send_and_compare(struct uring_loop *loop, struct peer peer, int bufsize,
			     uint64_t offset, unsigned count, uint32_t every)
{
	send_and_compare_by(loop, false, peer, bufsize, offset, count, every, 0);
	send_and_compare_by(loop, true, peer, bufsize, offset, count, every, 0);
	send_and_compare_by(loop, true, peer, bufsize, offset, count, every, 4);
}

BOTH(sizes)
{
	send_and_compare(loop, (struct peer){ 0 }, 0, 0, 1, 1);
	send_and_compare(loop, (struct peer){ 0 }, 0, 0, 1000, 777);
	send_and_compare(loop, (struct peer){ 0 }, 0, 12345, 64, EVERY);
	send_and_compare(loop, (struct peer){ 0 }, 0, 65536, 500, EVERY);
	send_and_compare(loop, (struct peer){ 0 }, 0, 1, 100, 65536);
}

BOTH(slow_reader_with_small_buffers)
{
	send_and_compare(loop, (struct peer){ .piece = 777, .pause = 100 }, 4096, 99, 25, EVERY);
}

/* The peer gets whole frames of the original file; the completion says how many are missing. */
static void shrink(struct uring_loop *loop, off_t to, unsigned tail)
{
	struct peer peer = { 0 };
	const unsigned count = 250;
	int file = peer_file(count * EVERY), whole = peer_file(count * EVERY);
	struct uring_message message = frames_of(file, 0, count, EVERY, tail);
	int missing = peer_takes_shrunk(loop, &peer, &message, to);
	unsigned sent;

	CHECK(missing > 0);
	sent = count - (unsigned)missing;
	EQ(peer.total, sent * (EVERY + strlen(INSERT)));
	EQ(peer.hash, frames_hash(whole, 0, sent, EVERY, tail));
	/* The frame that had begun, and those that the file still has. */
	CHECK(sent >= to / EVERY && sent > 0);
	CHECK((uint64_t)sent * EVERY < (uint64_t)to + 600000);
	close(file);
	close(whole);
}

BOTH(file_shrinks_inside_a_frame) { shrink(loop, 1500001, 0); }
BOTH(file_shrinks_between_frames) { shrink(loop, 60 * EVERY, 4); }
BOTH(file_shrinks_to_nothing) { shrink(loop, 0, strlen(INSERT)); }

BOTH(file_is_too_short_from_the_start)
{
	int file = peer_file(EVERY * 10 + 5), ends[2];
	struct uring_message message = frames_of(file, EVERY * 8, 10, EVERY, 4);

	both_pair(ends, 0);
	EQ(uring_transmit(loop, ends[0], &message, SEND), 0);
	both_expect(loop, SEND, 8);
	message.offset = EVERY * 20;
	EQ(uring_transmit(loop, ends[0], &message, SEND), 0);
	both_expect(loop, SEND, 10);
	both_close(ends);
	close(file);
}

BOTH(cold_file)
{
	struct peer peer = { 0 };
	int file = peer_disk_file(200 * EVERY);
	struct uring_message message = frames_of(file, 0, 200, EVERY, 4);
	uint64_t hash = frames_hash(file, 0, 200, EVERY, 4);

	peer_cool(file);
	peer_takes(loop, &peer, 0, &message);
	EQ(peer.hash, hash);
	close(file);
}

BOTH(refused)
{
	int ends[2], file = peer_file(EVERY);
	struct uring_message message = frames_of(file, 0, 1, EVERY, 0);

	both_pair(ends, 0);
	message.length--;
	EQ(uring_transmit(loop, ends[0], &message, SEND), -EINVAL);
	message = frames_of(file, 0, 1, EVERY, 0);
	message.head = "head";
	message.head_len = 4;
	EQ(uring_transmit(loop, ends[0], &message, SEND), -EINVAL);
	message = frames_of(file, 0, 1, 65537, 0);
	EQ(uring_transmit(loop, ends[0], &message, SEND), -EINVAL);
	message = frames_of(file, 0, 1, EVERY, 0);
	message.insert_len = URING_INSERT_MAX + 1;
	EQ(uring_transmit(loop, ends[0], &message, SEND), -EINVAL);
	message = frames_of(file, 0, 1, EVERY, strlen(INSERT) + 1);
	EQ(uring_transmit(loop, ends[0], &message, SEND), -EINVAL);
	both_close(ends);
	close(file);
}
