// SPDX-License-Identifier: MIT
/* Errors that do not last: io_uring_enter without memory, a probe without descriptors. */
#include "tests/uring/peer.h"
#include "tests/uring/shim.h"

/* Send a file to a peer, and receive, while each third io_uring_enter fails. */
static void enter_fails(struct uring_loop *loop, int error)
{
	struct uring_message message = { .head = "head", .head_len = 4, .length = 3000000 };
	struct uring_completion completion;
	struct peer peer = { .pause = 100 };
	int ends[2], seen = 0;

	message.file_fd = peer_file(message.length);
	both_pair(ends, 65536);
	shim->enter_error = error;
	shim->enter_every = 3;
	EQ(uring_recv(loop, ends[0], 100, 7), 0);
	EQ(uring_transmit(loop, ends[0], &message, PEER_TAG), 0);
	EQ(write(ends[1], "x", 1), 1);
	peer_start(&peer, ends[1]);
	while (seen < 2) {
		completion = both_completion(loop);
		seen++;
		EQ(completion.res, completion.tag == 7 ? 1 : 0);
		if (completion.flags & URING_COMPLETION_BUFFER)
			uring_buffer_put(loop, completion.buffer);
	}
	CHECK(shim->enters > 3 || uring_loop_backend(loop) == URING_BACKEND_EPOLL);
	close(ends[0]);
	peer_finish(&peer);
	EQ(peer.total, message.length + 4);
	close(ends[1]);
	close(message.file_fd);
	shim->enter_every = 0;
}

BOTH(enter_lacks_memory) { enter_fails(loop, -ENOMEM); }
BOTH(enter_is_to_be_tried_again) { enter_fails(loop, -EAGAIN); }
BOTH_OPTIONS(enter_is_busy, .entries = 1) { enter_fails(loop, -EBUSY); }
BOTH_OPTIONS(enter_lacks_memory_with_a_full_queue, .entries = 1) { enter_fails(loop, -ENOMEM); }

/* While io_uring_enter fails for long, the loop does not burn the processor. */
BOTH(enter_fails_for_long)
{
	struct uring_timer timer = { 0 };

	if (uring_loop_backend(loop) == URING_BACKEND_EPOLL)
		return;
	shim->enter_error = -ENOMEM;
	shim->enter_every = 1;
	uring_timer_set(loop, &timer, 300, 1);
	both_expect(loop, 1, -ETIME);
	CHECK(shim->enters > 1 && shim->enters < 200);
	shim->enter_every = 0;
}

/* A lack of descriptors is not remembered as a lack of io_uring. */
TEST(probe_is_repeated)
{
	struct rlimit limit, none;
	struct uring_loop *loop;
	struct uring_caps caps;

	CHECK(!getrlimit(RLIMIT_NOFILE, &limit));
	none = limit;
	none.rlim_cur = 3;
	CHECK(!setrlimit(RLIMIT_NOFILE, &none));
	caps = uring_probe();
	if (caps.ring_error == EPERM || caps.ring_error == ENOSYS)
		SKIP("io_uring is not permitted here: %s", strerror(caps.ring_error));
	EQ(caps.ring, false);
	EQ(caps.ring_error, EMFILE);
	/* There are descriptors for the ring, but not for the sockets that the probe needs. */
	none.rlim_cur = 5;
	CHECK(!setrlimit(RLIMIT_NOFILE, &none));
	caps = uring_probe();
	EQ(caps.ring, false);
	EQ(caps.ring_error, EMFILE);
	CHECK(!setrlimit(RLIMIT_NOFILE, &limit));
	caps = uring_probe();
	EQ(caps.ring, true);
	EQ(uring_loop_new(&loop, NULL), 0);
	EQ(uring_loop_backend(loop) == URING_BACKEND_RING, caps.multishot_recv);
	uring_loop_free(loop);
}

static void *wait_and_close(void *arg)
{
	struct uring_loop *loop = arg;
	int ends[2];

	both_pair(ends, 0);
	EQ(uring_loop_look(loop, NULL, 0), 0);
	uring_close(loop, ends[0]);
	uring_close(loop, ends[1]);
	return NULL;
}

/* A thread ends before the closes that it queued are submitted. */
BOTH(closes_of_a_thread_that_ended)
{
	pthread_t thread;

	CHECK(!pthread_create(&thread, NULL, wait_and_close, loop));
	CHECK(!pthread_join(thread, NULL));
}
