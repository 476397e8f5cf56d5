// SPDX-License-Identifier: MIT
/*
 * The loop itself while an operation of the ring fails or is short: each operation has one last
 * completion, a success is a whole one, and what arrived is a prefix of what was sent.
 */
#include "tests/lab/completion.h"
#include "tests/uring/peer.h"

#define LENGTH		600000
#define PIECE		8192
#define INCOMING	200000

static struct uring_loop *loop;

/* Run the loop until `left` operations have ended. Returns the results by tag. */
static void run(int results[8], unsigned left)
{
	for (unsigned turns = 0; left; turns++) {
		struct uring_completion completion;
		int count = uring_loop_wait(loop, &completion, 1);

		CHECK(count >= 0 && turns < 100000);
		if (!count)
			continue;
		CHECK(completion.tag < 8);
		if (completion.flags & URING_COMPLETION_BUFFER)
			uring_buffer_put(loop, completion.buffer);
		if (!(completion.flags & URING_COMPLETION_MORE)) {
			results[completion.tag] = completion.res;
			left--;
		}
	}
}

static void expect_prefix(const struct peer *peer, const struct uring_message *message)
{
	uint64_t hash = PEER_SEED, total = peer->total, head = message->head_len;

	if (message->piece_len)
		return;
	CHECK(total <= head + message->length);
	head = total < head ? total : head;
	hash = peer_hash(hash, message->head, head);
	hash = peer_hash_file(hash, message->file_fd, message->offset, total - head);
	EQ(peer->hash, hash);
}

/* A message to a slow reader that has sent FIN. */
static void send_message(struct uring_message message)
{
	uint64_t total = message.head_len + message.length;
	struct peer peer = { .piece = 20000, .pause = 100 };
	int ends[2], results[8];

	if (message.piece_len)
		total += (message.length / message.piece_len) * message.insert_len;
	both_pair(ends, 16384);
	CHECK(!shutdown(ends[1], SHUT_WR));
	peer_start(&peer, ends[1]);
	EQ(uring_transmit(loop, ends[0], &message, 0), 0);
	run(results, 1);
	CHECK(!results[0] || lab_failed());
	close(ends[0]);
	peer_finish(&peer);
	if (!results[0])
		EQ(peer.total, total);
	expect_prefix(&peer, &message);
	close(ends[1]);
}

static void *write_all(void *arg)
{
	static const char zeroes[INCOMING];

	CHECK(write(*(int *)arg, zeroes, INCOMING) <= INCOMING);
	shutdown(*(int *)arg, SHUT_WR);
	return NULL;
}

/* Accept, connect, and receive to the end. */
static void receive(void)
{
	struct sockaddr_in addr;
	int listener = both_listener(&addr), client, results[8] = { 0 };
	struct uring_completion completion = { .tag = 1 };
	uint64_t total = 0;
	pthread_t thread;

	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	EQ(uring_connect(loop, client, &addr, sizeof(addr), 0), 0);
	run(results, 1);
	CHECK(!results[0] || lab_failed());
	/* As the engine does: a failed accept is repeated. */
	while (!results[0]) {
		EQ(uring_accept(loop, listener, 1), 0);
		completion = both_completion(loop);
		if (completion.res >= 0)
			break;
		CHECK(lab_failed());
	}
	if (completion.flags & URING_COMPLETION_MORE) {
		int fd = completion.res;

		CHECK(!pthread_create(&thread, NULL, write_all, &client));
		EQ(uring_recvmsg(loop, fd, 2), 0);
		do {
			completion = both_completion(loop);
			EQ(completion.tag, 2);
			if (completion.res > 0)
				total += (uint64_t)completion.res;
			if (completion.flags & URING_COMPLETION_BUFFER)
				uring_buffer_put(loop, completion.buffer);
		} while (completion.flags & URING_COMPLETION_MORE);
		CHECK(completion.res < 0 ? lab_failed() : total == INCOMING);
		uring_cancel(loop, listener);
		run(results, 1);
		EQ(results[1], -ECANCELED);
		close(fd);
		CHECK(!pthread_join(thread, NULL));
	}
	close(client);
	close(listener);
}

static void scenario(void)
{
	struct uring_options options = { .backend = URING_BACKEND_RING, .entries = 4 };
	int file = peer_disk_file(LENGTH + 100);
	struct uring_message message = {
		.head = "head", .head_len = 4, .file_fd = file, .offset = 100, .length = LENGTH,
	};

	signal(SIGPIPE, SIG_IGN);
	EQ(uring_loop_new(&loop, &options), 0);
	peer_cool(file);
	send_message(message);
	message.sendfile = true;
	send_message(message);
	peer_cool(file);
	message.length = 30000;
	send_message(message);
	message.sendfile = false;
	peer_cool(file);
	send_message(message);
	send_message((struct uring_message){
		.file_fd = file, .length = 64 * PIECE, .piece_len = PIECE, .insert = "frame",
		.insert_len = 5, .tail_len = 2,
	});
	receive();
	uring_loop_free(loop);
	close(file);
}

COMPLETION_TEST(ring)
{
	completion_needs_ring();
	completion_each(scenario, 12);
}
