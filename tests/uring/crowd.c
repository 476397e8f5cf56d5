// SPDX-License-Identifier: MIT
#include <malloc.h>

#include "tests/uring/both.h"
#include "tests/uring/peer.h"

#define CROWD		1000
#define CROWD_ROUNDS	3

enum { RECV = 1, SEND };

struct crowd {
	int ends[CROWD][2];
	uint64_t hash[CROWD];
	unsigned rounds[CROWD];
	int file;
};

static uint64_t crowd_size(unsigned number, unsigned round)
{
	static const uint64_t sizes[] = { 100, 16384, 70000, 1 };

	return sizes[(number + round) % 4] + number;
}

/* A client: send one byte, read the whole answer, repeat. */
static void *crowd_client(void *arg)
{
	struct crowd *crowd = arg;
	static char buf[1 << 17];

	for (unsigned round = 0; round < CROWD_ROUNDS; round++) {
		for (unsigned i = 0; i < CROWD; i++)
			CHECK(write(crowd->ends[i][1], "?", 1) == 1);
		for (unsigned i = 0; i < CROWD; i++) {
			uint64_t size = 4 + crowd_size(i, round);

			CHECK(recv(crowd->ends[i][1], buf, size, MSG_WAITALL) == (ssize_t)size);
			crowd->hash[i] = peer_hash(crowd->hash[i], buf, size);
		}
	}
	for (unsigned i = 0; i < CROWD; i++)
		close(crowd->ends[i][1]);
	return NULL;
}

static void crowd_answer(struct uring_loop *loop, struct crowd *crowd, unsigned number)
{
	struct uring_message message = { .head = "head",
					 .head_len = 4,
					 .file_fd = crowd->file,
					 .offset = number,
					 .length = crowd_size(number, crowd->rounds[number]++) };

	EQ(uring_transmit(loop, crowd->ends[number][0], &message, (uint64_t)number << 4 | SEND), 0);
}

BOTH(thousand_connections_ask_and_are_answered)
{
	static struct crowd crowd;
	struct uring_completion completions[64];
	unsigned ended = 0, answered = 0;
	pthread_t client;

	both_want_descriptors(2 * CROWD + 100);
	crowd.file = peer_file(100000);
	for (unsigned i = 0; i < CROWD; i++) {
		both_pair(crowd.ends[i], 0);
		crowd.hash[i] = PEER_SEED;
		EQ(uring_recvmsg(loop, crowd.ends[i][0], (uint64_t)i << 4 | RECV), 0);
	}
	CHECK(!pthread_create(&client, NULL, crowd_client, &crowd));
	while (ended < CROWD) {
		int count = uring_loop_wait(loop, completions, 64);

		CHECK(count >= 0);
		for (int i = 0; i < count; i++) {
			unsigned number = (unsigned)(completions[i].tag >> 4);

			if ((completions[i].tag & 15) == SEND) {
				EQ(completions[i].res, 0);
				answered++;
				continue;
			}
			EQ(completions[i].res, !!(completions[i].flags & URING_COMPLETION_MORE));
			if (completions[i].flags & URING_COMPLETION_BUFFER) {
				uring_buffer_put(loop, completions[i].buffer);
				crowd_answer(loop, &crowd, number);
			} else {
				uring_close(loop, crowd.ends[number][0]);
				ended++;
			}
		}
	}
	EQ(answered, CROWD * CROWD_ROUNDS);
	CHECK(!pthread_join(client, NULL));
	for (unsigned i = 0; i < CROWD; i++) {
		uint64_t hash = PEER_SEED;

		for (unsigned round = 0; round < CROWD_ROUNDS; round++) {
			hash = peer_hash(hash, "head", 4);
			hash = peer_hash_file(hash, crowd.file, i, crowd_size(i, round));
		}
		EQ(hash, crowd.hash[i]);
	}
	close(crowd.file);
}

/* No completion is lost if there are more than the smallest queue has room for. */
BOTH_OPTIONS(more_completions_than_the_queue_holds, .entries = 1)
{
	struct uring_completion completions[7];
	int ends[100][2];

	for (int i = 0; i < 100; i++) {
		both_pair(ends[i], 0);
		EQ(uring_recvmsg(loop, ends[i][0], (uint64_t)i), 0);
	}
	both_quiet(loop);
	for (int round = 0; round < 20; round++) {
		int got = 0;

		for (int i = 0; i < 100; i++)
			EQ(write(ends[i][1], "x", 1), 1);
		while (got < 100) {
			int count = uring_loop_wait(loop, completions, 7);

			for (int i = 0; i < count; i++) {
				EQ(completions[i].res, 1);
				EQ(completions[i].flags,
				   URING_COMPLETION_MORE | URING_COMPLETION_BUFFER);
				uring_buffer_put(loop, completions[i].buffer);
			}
			got += count;
		}
		EQ(got, 100);
	}
	both_quiet(loop);
	for (int i = 0; i < 100; i++)
		both_close(ends[i]);
}

/* The memory of a connection that receives while nothing happens. */
BOTH(idle_connections_cost_little)
{
	static int ends[CROWD][2];
	size_t before;

	both_want_descriptors(2 * CROWD + 100);
	for (unsigned i = 0; i < CROWD; i++)
		both_pair(ends[i], 0);
	before = mallinfo2().uordblks;
	for (unsigned i = 0; i < CROWD; i++)
		EQ(uring_recvmsg(loop, ends[i][0], i), 0);
	both_quiet(loop);
	if (!getenv("TLSRING_SANITIZED"))
		CHECK(mallinfo2().uordblks - before <= CROWD * 96);
	for (unsigned i = 0; i < CROWD; i++)
		uring_cancel(loop, ends[i][0]);
	for (unsigned i = 0; i < CROWD; i++)
		EQ(both_completion(loop).res, -ECANCELED);
	for (unsigned i = 0; i < CROWD; i++)
		both_close(ends[i]);
}
