// SPDX-License-Identifier: MIT
/* Waiting for room on a connection whose peer has sent FIN and does not read. io_uring's poll
 * ends at once there, with POLLRDHUP, which poll(2) does not report unless it was asked for. */
#include "tests/uring/peer.h"

#define POLL	0x31

/* Fill the sending side of a connection, whose peer reads nothing and has sent FIN. */
static void fill_half_closed(int ends[2])
{
	static const char zeroes[4096];
	int waiting, before = -1;

	both_pair(ends, 8192);
	CHECK(!shutdown(ends[1], SHUT_WR));
	/* A receive window of a few bytes may still open: go on until nothing moves. */
	for (int quiet = 0; quiet < 5; quiet++) {
		while (send(ends[0], zeroes, sizeof(zeroes), MSG_DONTWAIT) > 0)
			quiet = 0;
		EQ(errno, EAGAIN);
		CHECK(!ioctl(ends[1], FIONREAD, &waiting));
		quiet = waiting == before ? quiet : 0;
		before = waiting;
		usleep(20000);
	}
}

static void drain(int fd)
{
	char buf[65536];

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
}

/* The loop waits for msecs with few wake-ups, none of which has a completion. */
static void waits(struct uring_loop *loop, unsigned msecs)
{
	struct uring_completion completion;
	struct uring_timer timer = { 0 };
	unsigned wakeups = 0;
	int ret;

	uring_timer_set(loop, &timer, msecs, 0xdead71e);
	while (!(ret = uring_loop_wait(loop, &completion, 1)))
		CHECK(++wakeups < 20);
	EQ(ret, 1);
	EQ(completion.tag, 0xdead71e);
}

BOTH(half_closed_peer_makes_room)
{
	int ends[2];

	fill_half_closed(ends);
	EQ(uring_poll(loop, ends[0], POLLOUT, POLL), 0);
	waits(loop, 300);
	drain(ends[1]);
	both_expect(loop, POLL, POLLOUT);
	both_quiet(loop);
	both_close(ends);
}

/* Again and again on one descriptor: an earlier wait leaves nothing behind. */
BOTH(half_closed_peer_makes_room_repeatedly)
{
	static const char zeroes[4096];
	int ends[2];

	fill_half_closed(ends);
	for (int i = 0; i < 20; i++) {
		EQ(uring_poll(loop, ends[0], POLLOUT, (uint64_t)i), 0);
		uring_loop_look(loop, &(struct uring_completion){ 0 }, 0);
		usleep(1000);
		drain(ends[1]);
		both_expect(loop, (uint64_t)i, POLLOUT);
		while (send(ends[0], zeroes, sizeof(zeroes), MSG_DONTWAIT) > 0)
			;
	}
	both_quiet(loop);
	both_close(ends);
}

BOTH(peer_sends_fin_meanwhile)
{
	static const char zeroes[4096];
	int ends[2];

	both_pair(ends, 8192);
	for (int i = 0; i < 10; i++) {
		while (send(ends[0], zeroes, sizeof(zeroes), MSG_DONTWAIT) > 0)
			;
		usleep(10000);
	}
	EQ(uring_poll(loop, ends[0], POLLOUT, POLL), 0);
	waits(loop, 100);
	CHECK(!shutdown(ends[1], SHUT_WR));
	waits(loop, 200);
	drain(ends[1]);
	both_expect(loop, POLL, POLLOUT);
	both_close(ends);
}

BOTH(half_closed_wait_is_cancelled)
{
	int ends[2];

	fill_half_closed(ends);
	EQ(uring_poll(loop, ends[0], POLLOUT, POLL), 0);
	waits(loop, 100);
	uring_cancel(loop, ends[0]);
	both_expect(loop, POLL, -ECANCELED);
	/* A cancellation that meets the first, short wait. */
	EQ(uring_poll(loop, ends[0], POLLOUT, POLL), 0);
	uring_loop_look(loop, &(struct uring_completion){ 0 }, 0);
	uring_cancel(loop, ends[0]);
	both_expect(loop, POLL, -ECANCELED);
	/* The loop is freed while it waits. */
	EQ(uring_poll(loop, ends[0], POLLOUT, POLL), 0);
	waits(loop, 100);
	both_close(ends);
}

/* Cancel while the wanted event arrives: one completion, with either result. */
BOTH(cancelled_as_room_appears)
{
	static const char zeroes[4096];
	int ends[2];

	fill_half_closed(ends);
	for (int i = 0; i < 50; i++) {
		struct uring_completion completion;

		EQ(uring_poll(loop, ends[0], POLLOUT, POLL), 0);
		for (int turns = 0; turns < i % 4; turns++)
			uring_loop_look(loop, &completion, 0);
		drain(ends[1]);
		if (i % 2)
			uring_loop_look(loop, &completion, 0);
		uring_cancel(loop, ends[0]);
		completion = both_completion(loop);
		EQ(completion.tag, POLL);
		CHECK(completion.res == POLLOUT || completion.res == -ECANCELED);
		while (send(ends[0], zeroes, sizeof(zeroes), MSG_DONTWAIT) > 0)
			;
	}
	both_quiet(loop);
	both_close(ends);
}

static void transmission_waits(struct uring_loop *loop, bool sendfile)
{
	struct uring_message message = { .length = 3000000, .sendfile = sendfile };
	struct peer peer = { 0 };
	int ends[2];

	message.file_fd = peer_file(message.length);
	both_pair(ends, 8192);
	CHECK(!shutdown(ends[1], SHUT_WR));
	EQ(uring_transmit(loop, ends[0], &message, PEER_TAG), 0);
	peer_fills(loop, ends);
	waits(loop, 300);
	peer_start(&peer, ends[1]);
	both_expect(loop, PEER_TAG, 0);
	close(ends[0]);
	peer_finish(&peer);
	EQ(peer.total, message.length);
	EQ(peer.hash, peer_hash_file(PEER_SEED, message.file_fd, 0, message.length));
	close(ends[1]);
	close(message.file_fd);
}

BOTH(file_waits_for_half_closed_peer) { transmission_waits(loop, false); }
BOTH(sendfile_waits_for_half_closed_peer) { transmission_waits(loop, true); }

/* A peer that resets ends the wait, as poll(2) would. */
BOTH(half_closed_peer_resets)
{
	struct linger linger = { .l_onoff = 1 };
	int ends[2], res;

	fill_half_closed(ends);
	EQ(uring_poll(loop, ends[0], POLLOUT, POLL), 0);
	waits(loop, 100);
	CHECK(!setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	close(ends[1]);
	res = both_completion(loop).res;
	CHECK(res > 0 && res & POLLERR && !(res & ~(POLLOUT | POLLERR | POLLHUP)));
	close(ends[0]);
}
