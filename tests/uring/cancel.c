// SPDX-License-Identifier: MIT
#include <poll.h>
#include "tests/uring/both.h"
#include "tests/uring/peer.h"

enum { RECV = 0x40, SEND, POLL, CONNECT };

/* Cancel an operation before it is submitted, and while it waits in the kernel. */
static void cancel_waiting(struct uring_loop *loop, int fd,
			   int (*start)(struct uring_loop *, int, uint64_t))
{
	EQ(start(loop, fd, RECV), 0);
	uring_cancel(loop, fd);
	EQ(both_expect(loop, RECV, -ECANCELED).flags, 0);
	EQ(start(loop, fd, RECV), 0);
	both_quiet(loop);
	uring_cancel(loop, fd);
	uring_cancel(loop, fd);
	EQ(both_expect(loop, RECV, -ECANCELED).flags, 0);
	both_quiet(loop);
}

static int recv_start(struct uring_loop *loop, int fd, uint64_t tag)
{
	return uring_recv(loop, fd, 100, tag);
}

static int poll_start(struct uring_loop *loop, int fd, uint64_t tag)
{
	return uring_poll(loop, fd, POLLIN, tag);
}

BOTH(what_waits)
{
	struct sockaddr_in addr;
	int listener = both_listener(&addr), ends[2];

	both_pair(ends, 0);
	cancel_waiting(loop, ends[0], recv_start);
	cancel_waiting(loop, ends[0], uring_recvmsg);
	cancel_waiting(loop, ends[0], poll_start);
	cancel_waiting(loop, listener, uring_accept);
	both_close(ends);
	close(listener);
}

BOTH(nothing_in_flight)
{
	uring_cancel(loop, 0);
	uring_cancel(loop, 100000);
	uring_cancel(loop, -1);
	both_quiet(loop);
}

BOTH(everything_on_one_descriptor)
{
	int ends[2], other[2], file = peer_file(1000), seen = 0;
	struct uring_message message = { .file_fd = file, .length = 64 << 20 };

	CHECK(!ftruncate(file, 64 << 20));
	both_pair(ends, 0);
	both_pair(other, 0);
	EQ(uring_recvmsg(loop, ends[0], RECV), 0);
	EQ(uring_recvmsg(loop, other[0], POLL), 0);
	EQ(uring_transmit(loop, ends[0], &message, SEND), 0);
	both_quiet(loop);
	uring_cancel(loop, ends[0]);
	for (int i = 0; i < 2; i++) {
		struct uring_completion completion = both_completion(loop);

		EQ(completion.res, -ECANCELED);
		seen |= completion.tag == RECV ? 1 : completion.tag == SEND ? 2 : 4;
	}
	EQ(seen, 3);
	uring_cancel(loop, other[0]);
	both_expect(loop, POLL, -ECANCELED);
	both_close(ends);
	both_close(other);
	close(file);
}

BOTH(one_by_its_tag)
{
	int ends[2], file = peer_file(1000);
	struct uring_message message = { .file_fd = file, .length = 64 << 20 };
	struct peer peer = { 0 };

	CHECK(!ftruncate(file, 64 << 20));
	both_pair(ends, 0);
	EQ(uring_recvmsg(loop, ends[0], RECV), 0);
	EQ(uring_transmit(loop, ends[0], &message, SEND), 0);
	both_quiet(loop);
	uring_cancel_tag(loop, ends[0], RECV);
	both_expect(loop, RECV, -ECANCELED);
	peer_start(&peer, ends[1]);
	both_expect(loop, SEND, 0);
	close(ends[0]);
	peer_finish(&peer);
	EQ(peer.total, 64 << 20);
	close(ends[1]);
	close(file);
}

BOTH(transmission_before_and_while_it_runs)
{
	struct peer peer = { 0 };
	int ends[2], file = peer_file(1000), waits;
	struct uring_message message = {
		.head = "head", .head_len = 4, .file_fd = file, .length = 64 << 20
	};

	CHECK(!ftruncate(file, 64 << 20));
	for (int turns = 0; turns < 20; turns++) {
		struct uring_completion completion;

		both_pair(ends, 0);
		peer_start(&peer, ends[1]);
		EQ(uring_transmit(loop, ends[0], &message, SEND), 0);
		for (waits = turns; waits; waits--)
			EQ(uring_loop_wait(loop, &completion, 1), 0);
		uring_cancel(loop, ends[0]);
		both_expect(loop, SEND, -ECANCELED);
		close(ends[0]);
		peer_finish(&peer);
		CHECK(peer.total < 64 << 20);
		close(ends[1]);
	}
	close(file);
}

/* Data that arrives together with the cancellation is reported, then the end, and nothing else. */
BOTH(cancel_races_with_data)
{
	for (int i = 0; i < 200; i++) {
		struct uring_completion completion;
		int ends[2], completions = 0;

		both_pair(ends, 0);
		EQ(uring_recvmsg(loop, ends[0], RECV), 0);
		if (i % 3 == 1)
			EQ(uring_loop_look(loop, &completion, 0), 0);
		EQ(write(ends[1], "x", 1), 1);
		if (i % 2)
			EQ(write(ends[1], "y", 1), 1);
		uring_cancel(loop, ends[0]);
		do {
			completion = both_completion(loop);
			EQ(completion.tag, RECV);
			completions++;
			if (completion.flags & URING_COMPLETION_BUFFER)
				uring_buffer_put(loop, completion.buffer);
		} while (completion.flags & URING_COMPLETION_MORE);
		EQ(completion.res, -ECANCELED);
		CHECK(completions <= 3);
		both_close(ends);
	}
	both_quiet(loop);
}

/* More operations than the submission queue has room for. */
BOTH_OPTIONS(crowd, .entries = 4)
{
	int ends[100][2], cancelled = 0;

	for (int i = 0; i < 100; i++) {
		both_pair(ends[i], 0);
		EQ(uring_recvmsg(loop, ends[i][0], (uint64_t)i), 0);
	}
	for (int i = 0; i < 50; i++)
		uring_cancel(loop, ends[i][0]);
	for (; cancelled < 50; cancelled++)
		EQ(both_completion(loop).res, -ECANCELED);
	both_quiet(loop);
	for (int i = 0; i < 100; i++)
		uring_cancel(loop, ends[i][0]);
	for (; cancelled < 100; cancelled++)
		EQ(both_completion(loop).res, -ECANCELED);
	both_quiet(loop);
	for (int i = 0; i < 100; i++)
		both_close(ends[i]);
}

/* Freeing a loop ends what is in flight. Sanitizers and the count of descriptors show leaks. */
BOTH(loop_is_freed_in_full_flight)
{
	struct uring_options options = { .backend = uring_loop_backend(loop) };
	int listener, ends[8][2], file = peer_file(1000);
	struct sockaddr_in addr;
	char data[10];

	listener = both_listener(&addr);
	CHECK(!ftruncate(file, 64 << 20));
	EQ(uring_loop_new(&loop, &options), 0);
	EQ(uring_accept(loop, listener, 1), 0);
	for (int i = 0; i < 8; i++) {
		struct uring_message message = { .head = "head", .head_len = 4, .file_fd = file,
						 .length = i < 4 ? 64 << 20 : 1000 };

		both_pair(ends[i], 0);
		EQ(uring_recvmsg(loop, ends[i][0], 2), 0);
		EQ(uring_transmit(loop, ends[i][0], &message, 3), 0);
		if (i == 4)
			both_expect(loop, 3, 0);
		if (i == 5)
			uring_cancel(loop, ends[i][0]);
	}
	EQ(uring_connect(loop, ends[0][1], &addr, sizeof(addr), 4), 0);
	EQ(uring_read(loop, file, data, sizeof(data), 0, 5), 0);
	uring_close(loop, ends[7][1]);
	uring_loop_free(loop);
	for (int i = 0; i < 8; i++) {
		close(ends[i][0]);
		if (i < 7)
			close(ends[i][1]);
	}
	close(listener);
	close(file);
}

/* Freeing a loop closes a connection whose completion was not taken yet. */
BOTH(accepted_but_not_reported)
{
	struct uring_options options = { .backend = uring_loop_backend(loop) };
	struct sockaddr_in addr;
	int listener = both_listener(&addr), fd[3];

	EQ(uring_loop_new(&loop, &options), 0);
	EQ(uring_accept(loop, listener, 1), 0);
	for (int i = 0; i < 3; i++) {
		fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		CHECK(!connect(fd[i], (struct sockaddr *)&addr, sizeof(addr)));
	}
	close(both_completion(loop).res);
	uring_loop_free(loop);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
	close(listener);
}
